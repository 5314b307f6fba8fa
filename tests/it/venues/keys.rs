//! Keys: what happens without, with a wrong one, and that none is ever shown.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use crate::program::{Finished, Home};
use crate::support::venue_server::Server;

const ID: &str = "CANARY-ID-0815";
const SECRET: &str = "CANARY-SECRET-4711";

fn home() -> Home {
    Home::new()
        .with("APCA_API_KEY_ID", ID)
        .with("APCA_API_SECRET_KEY", SECRET)
}

fn shows_no_key(home: &Home, run: &Finished) {
    for text in [run.text(), run.stderr.clone(), home.log()] {
        assert!(!text.contains("CANARY"), "{text}");
    }
}

#[test]
fn a_key_that_is_missing_is_named_with_where_to_get_it() {
    let home = Home::new().with("APCA_API_KEY_ID", ID);
    let run = home.run(["--headless", "--source", "alpaca:iex", "--symbols", "AAPL"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stderr.contains("APCA_API_SECRET_KEY is not set"),
        "{}",
        run.stderr
    );
    shows_no_key(&home, &run);
}

#[test]
fn keys_in_a_file_that_others_can_read_are_not_used() {
    let home = Home::new();
    let path = home.write(
        ".env",
        format!("APCA_API_KEY_ID={ID}\nAPCA_API_SECRET_KEY={SECRET}\nSTREAMER_TUI_SYMBOLS=AAPL\n"),
    );
    let allow = |mode| std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    let check = ["check", "--source", "alpaca:iex"];
    allow(0o644);
    for run in [
        home.run(["--headless", "--source", "alpaca:iex"]),
        home.run(check),
    ] {
        assert_eq!(run.code, Some(1), "{run:#?}");
        let told = run.text() + &run.stderr;
        for part in [
            "APCA_API_KEY_ID is not set",
            "holds as APCA_API_KEY_ID, APCA_API_SECRET_KEY is not used",
            "chmod 600 .env",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        shows_no_key(&home, &run);
    }
    // A header of a feed is no better place; what is no secret can stand in such a file.
    let spec = "wss://a.example?headers=X: {env:APCA_API_KEY_ID}&symbol=/s&price=/p";
    let run = home.run(["check", "--source", spec]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.text().contains("chmod 600 .env"), "{}", run.text());
    allow(0o600);
    let run = home.run(check).well();
    assert!(!run.text().contains("chmod"), "{}", run.text());
}

#[test]
fn a_refused_login_ends_the_source_and_shows_no_key() {
    let server = Server::start();
    let home = home();
    let source = format!("alpaca:iex?url={}", server.url());
    let program = home.start(&["--source", &source, "--symbols", "AAPL"]);
    let mut peer = server.accept();
    peer.send("[{\"T\":\"success\",\"msg\":\"connected\"}]");
    let login = peer.text_with("auth");
    assert!(login.contains(ID) && login.contains(SECRET));
    // What a venue should not do: say the key again.
    peer.send(format!("[{{\"T\":\"bad {SECRET}\"}}]"));
    peer.send(format!("nonsense {ID} {SECRET}"));
    peer.send("[{\"T\":\"error\",\"code\":402,\"msg\":\"auth failed\"}]");
    peer.end();
    let run = program.finish();
    assert_eq!(run.code, Some(1), "{run:#?}");
    let errors = run.errors();
    assert!(
        errors.iter().any(|error| error["error"] == "AuthError"),
        "{run:#?}"
    );
    shows_no_key(&home, &run);
}

#[test]
fn whoever_is_refused_at_the_door_ends_too() {
    let server = Server::start();
    let home = home();
    let source = format!("alpaca:iex?url={}", server.url());
    let program = home.start(&["--source", &source, "--symbols", "AAPL"]);
    server.knock().refuse(403, &[]);
    let run = program.finish();
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("HTTP 403"), "{}", run.stderr);
    shows_no_key(&home, &run);
}
