//! Compiling in a child: this test runs itself as that child.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod stand;

use std::process::ExitCode;
use std::time::Duration;

use mooring_backend::{Compiler, EngineConfig, Limits, LoadError, compile_child};
use mooring_volume::backend::Volumes;
use stand::{Stand, call, create, guest};

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("child") => match compile_child(std::io::stdin().lock(), std::io::stdout().lock()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
        // What the harness of other tests would be asked.
        Some("--list") => ExitCode::SUCCESS,
        _ => {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(code_of_a_child_runs_and_is_kept());
            runtime.block_on(what_goes_wrong_is_told());
            println!("compile: 2 passed");
            ExitCode::SUCCESS
        }
    }
}

fn compiler() -> Compiler {
    Compiler::new(std::env::current_exe().unwrap(), vec!["child".into()])
}

async fn code_of_a_child_runs_and_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let cache_dir = Some(dir.path().join("code"));
    let config = |compiler| EngineConfig {
        calls: 2,
        cache_dir: cache_dir.clone(),
        compiler,
        ..Default::default()
    };
    let stand = Stand::with(config(Some(compiler())));
    let driver = stand.load("good.example.com", guest("minimal"), Limits::default()).await;
    driver.create(&call(), create("a-volume")).await.unwrap();
    // Found in the cache, since this compiler can compile nothing.
    let broken = Compiler { program: "/bin/false".into(), ..compiler() };
    let stand = Stand::with(config(Some(broken)));
    let driver = stand.load("good.example.com", guest("minimal"), Limits::default()).await;
    driver.create(&call(), create("a-volume")).await.unwrap();
}

async fn what_goes_wrong_is_told() {
    let little_time = Compiler { time: Duration::from_millis(1), ..compiler() };
    let little_memory = Compiler { memory: 2 << 20, ..compiler() };
    let absent = Compiler { program: "/nowhere/mooring".into(), ..compiler() };
    for (compiler, says) in [
        (little_time, "took longer than 1ms"),
        (little_memory, "2097152 bytes of memory"),
        (absent, "cannot be started"),
    ] {
        let stand =
            Stand::with(EngineConfig { calls: 2, compiler: Some(compiler), ..Default::default() });
        let config = stand.config("good.example.com", Limits::default());
        let refused = stand.try_load(config, guest("minimal")).await.err().unwrap();
        assert!(matches!(refused, LoadError::Compile { .. }), "{refused}");
        assert!(refused.to_string().contains(says), "{refused}");
    }
    // A component that is none after its outline: the child says what the compiler says.
    let mut broken = guest("minimal").to_vec();
    let middle = broken.len() / 2;
    broken[middle..middle + 64].fill(0xff);
    let stand =
        Stand::with(EngineConfig { calls: 2, compiler: Some(compiler()), ..Default::default() });
    let config = stand.config("good.example.com", Limits::default());
    let refused = stand.try_load(config, broken.into()).await.err().unwrap();
    assert!(
        matches!(refused, LoadError::Compile { .. } | LoadError::NotAComponent { .. }),
        "{refused}"
    );
}
