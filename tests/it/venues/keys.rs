//! Keys: what happens without, with a wrong one, and that none is ever shown.

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
