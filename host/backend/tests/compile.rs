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
use std::sync::Arc;
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
            runtime.block_on(a_bomb_is_refused_while_others_serve());
            println!("compile: 3 passed");
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

/// A backend with a module beside it that takes gigabytes and minutes to compile: some lines of text.
fn bomb() -> Arc<[u8]> {
    let step = "(local.set 0 (i32.mul (local.get 0) (i32.add (local.get 0) (i32.const 7))))";
    let body = step.repeat(100_000);
    let function = format!("(func (param i32) (result i32) {body} (local.get 0))");
    let module = wat::parse_str(format!("(module {})", function.repeat(8))).unwrap();
    let mut bytes = guest("minimal").to_vec();
    // A section of its own behind the others: a core module, its length, itself.
    bytes.push(1);
    let mut length = module.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes.extend(module);
    bytes.into()
}

async fn a_bomb_is_refused_while_others_serve() {
    let dir = tempfile::tempdir().unwrap();
    let config = |compiler| EngineConfig {
        calls: 4,
        cache_dir: Some(dir.path().join("code")),
        compiler: Some(compiler),
        ..Default::default()
    };
    // Kept from here on, so that only the bomb meets the limits below.
    Stand::with(config(compiler())).load("a.example", guest("minimal"), Limits::default()).await;
    let bomb = bomb();
    for (compiler, says) in [
        (Compiler { time: Duration::from_millis(500), ..compiler() }, "took longer than 500ms"),
        (Compiler { memory: 96 << 20, ..compiler() }, "100663296 bytes of memory"),
    ] {
        let stand = Stand::with(config(compiler));
        let neighbour = stand.load("good.example", guest("minimal"), Limits::default()).await;
        let loading = stand.try_load(stand.config("b.example", Limits::default()), bomb.clone());
        let mut loading = std::pin::pin!(loading);
        let mut answered = 0;
        let refused = loop {
            tokio::select! {
                biased;
                loaded = &mut loading => break loaded.err().expect("a bomb does not load"),
                volume = async { neighbour.create(&call(), create("a-volume")).await } => {
                    volume.unwrap();
                    answered += 1;
                }
            }
        };
        assert!(refused.to_string().contains(says), "{refused}");
        assert!(answered > 10, "the neighbour answered {answered} times");
    }
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
