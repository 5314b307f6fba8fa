//! F48: the configuration file changes while the program runs, in every way that it should not.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::program::{Home, Program, bar_lines};

/// A run whose configuration file is `config.toml` in its home: AAPL of a long replay, with SPY to be added.
fn running(home: &Home) -> Program {
    home.write(
        "bars.jsonl",
        bar_lines(&["AAPL", "SPY", "TSLA"], 0..100_000),
    );
    home.write("config.toml", with_symbols("\"AAPL\""));
    let mut program = home.start(&["--config", "config.toml"]);
    program.next_result("AAPL");
    program
}

fn with_symbols(symbols: &str) -> String {
    format!("sources = [\"replay:bars.jsonl\"]\nspeed = 6000\nsymbols = [{symbols}]\n")
}

/// Replaces the file in one step, as careful editors do.
fn replace(home: &Home, content: &str) {
    let new = home.write("config.toml.new", content);
    fs::rename(new, home.path("config.toml")).unwrap();
}

/// Ends the run, in which not one bar of AAPL was lost or repeated.
fn ends_whole(mut program: Program) {
    program.next_result("AAPL");
    program.tell("quit");
    let run = program.finish().well();
    let volumes = run.numbers("AAPL", "volume");
    assert!(volumes.iter().copied().eq(0..volumes.len() as i64));
}

fn config_error(program: &mut Program, part: &str) -> String {
    let error = program.next_error(part);
    assert_eq!(error["error"], "ConfigError", "{error}");
    error.to_string()
}

#[test]
fn f48_a_wrong_file_is_told_and_the_settings_stay_until_it_is_right_again() {
    let home = Home::new();
    let mut program = running(&home);
    // Invalid: a key that does not exist.
    replace(&home, &with_symbols("\"TSLA\"").replace("speed", "sped"));
    let error = config_error(&mut program, "sped");
    assert!(error.contains("config.toml:2:1"), "{error}");
    assert!(error.contains("'speed'") && error.contains("stay as they were"));
    // Half-written: it ends in the middle of a text.
    let whole = with_symbols("\"TSLA\"");
    fs::write(home.path("config.toml"), &whole[..whole.len() - 8]).unwrap();
    config_error(&mut program, "config.toml:3");
    // Emptied.
    fs::write(home.path("config.toml"), "").unwrap();
    config_error(&mut program, "empty");
    // Deleted.
    fs::remove_file(home.path("config.toml")).unwrap();
    config_error(&mut program, "gone");
    // Not a file.
    fs::create_dir(home.path("config.toml")).unwrap();
    config_error(&mut program, "config.toml");
    fs::remove_dir(home.path("config.toml")).unwrap();
    // Not allowed to be read, which stops anybody but the superuser.
    let path = home.write("config.toml", with_symbols("\"AAPL\""));
    for _ in 0..50 {
        program.next_result("AAPL");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_err() {
        config_error(&mut program, "config.toml");
    } else {
        println!("skipped: the superuser can read a file without permissions");
    }
    fs::remove_file(&path).unwrap();
    // All of that changed nothing; a file that is right does.
    home.write("config.toml", with_symbols("\"AAPL\", \"SPY\""));
    program.next_result("SPY");
    let run_so_far_has_tsla = program.has_seen("\"symbol\":\"TSLA\"");
    assert!(
        !run_so_far_has_tsla,
        "nothing of the wrong files was applied"
    );
    ends_whole(program);
}

#[test]
fn f48_a_link_that_is_turned_to_another_file_is_followed() {
    let home = Home::new();
    home.write("one.toml", with_symbols("\"AAPL\""));
    home.write("two.toml", with_symbols("\"AAPL\", \"SPY\""));
    home.write("bars.jsonl", bar_lines(&["AAPL", "SPY"], 0..100_000));
    let link = |target: &str| {
        symlink(target, home.path("link.new")).unwrap();
        fs::rename(home.path("link.new"), home.path("linked.toml")).unwrap();
    };
    link("one.toml");
    let mut program = home.start(&["--config", "linked.toml"]);
    program.next_result("AAPL");
    link("two.toml");
    program.next_result("SPY");
    link("one.toml");
    assert_eq!(program.next_status("unsubscribed")["symbol"], "SPY");
    // What the link leads to is changed in place.
    home.write("one.toml", with_symbols("\"AAPL\", \"SPY\""));
    program.next_result("SPY");
    link("nowhere.toml");
    config_error(&mut program, "gone");
    ends_whole(program);
}

#[test]
fn f48_a_hundred_changes_lose_and_repeat_nothing_and_the_last_one_holds() {
    let home = Home::new();
    let mut program = running(&home);
    for round in 0..100 {
        let symbols = match round % 4 {
            0 => "\"AAPL\", \"SPY\"",
            1 => "\"AAPL\"",
            2 => "\"AAPL\", \"nonsense",
            _ => "\"AAPL\", \"TSLA\"",
        };
        if round % 2 == 0 {
            replace(&home, &with_symbols(symbols));
        } else {
            fs::write(home.path("config.toml"), with_symbols(symbols)).unwrap();
        }
        // A few are given the time to be noticed each, the others come in between.
        if round % 25 == 0 {
            fs::write(home.path("config.toml"), with_symbols("\"AAPL\", \"SPY\"")).unwrap();
            program.next_result("SPY");
            fs::write(home.path("config.toml"), with_symbols("\"AAPL\"")).unwrap();
            assert_eq!(program.next_status("unsubscribed")["symbol"], "SPY");
        }
        program.next_result("AAPL");
    }
    replace(&home, &with_symbols("\"AAPL\", \"SPY\", \"TSLA\""));
    program.next_result("SPY");
    program.next_result("TSLA");
    ends_whole(program);
}
