//! Components of a few lines, for what compilers of guests do not write.

use std::time::Duration;

use mooring_volume::{CallId, DriverName};
use wasmtime::component::Component;

use super::*;
use crate::engine::EngineConfig;
use crate::log::DriverLog;
use crate::meter::Unmetered;

/// Runs the export `run` of a component whose core module is `module`.
async fn run(module: &str) -> Result<(), Failure> {
    let text = format!(
        r#"(component
            (core module $m {module})
            (core instance $i (instantiate $m))
            (func (export "run") (canon lift (core func $i "run"))))"#
    );
    let engine = Engine::new(EngineConfig { calls: 2, ..EngineConfig::default() }).unwrap();
    let component = Component::from_binary(engine.wasm(), &wat::parse_str(text).unwrap()).unwrap();
    let recipe = Recipe {
        pre: engine.linker(false).instantiate_pre(&component).unwrap(),
        surroundings: Arc::new(Surroundings {
            config: "{}".to_owned(),
            store: None,
            egress: None,
            migration: None,
        }),
        limits: Limits { memory: 4 << 20, ..Limits::default() },
        lane: engine.lane(),
        engine,
    };
    let log = DriverLog::new(DriverName::new("test").unwrap(), Arc::new(Unmetered));
    let account = Arc::new(Account::default());
    let deadline = Instant::now() + Duration::from_millis(300);
    let call = |mut guest: Guest| async move {
        let function = guest.instance.get_typed_func::<(), ()>(&mut guest.store, "run")?;
        function.call_async(&mut guest.store, ()).await
    };
    recipe.run(deadline, &account, log.of_call(CallId(1), None), (), call).await
}

async fn exhausted(module: &str, says: &str) {
    match run(module).await {
        Err(Failure::Exhausted(why)) => assert!(why.contains(says), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_empty_function_returns() {
    assert_eq!(run(r#"(func (export "run"))"#).await, Ok(()));
}

#[tokio::test]
async fn a_table_bomb_is_stopped() {
    let module = r#"(table $t 1 funcref)
        (func (export "run")
            (if (i32.lt_s (table.grow $t (ref.null func) (i32.const 60000)) (i32.const 0))
                (then unreachable))
            (br 0))"#;
    // One table cannot grow past the pool's; that is no limit of ours, and the guest's own trap.
    assert_eq!(
        run(&module.replace("60000", "90000")).await,
        Err(Failure::Trapped("it panicked".into()))
    );
    let tables: String = (0..6).map(|n| format!("(table $t{n} 60000 funcref)")).collect();
    exhausted(&format!(r#"{tables} (func (export "run"))"#), "table elements").await;
}

#[test]
fn an_instance_bomb_is_refused_before_it_runs() {
    let engine = Engine::new(EngineConfig { calls: 2, ..EngineConfig::default() }).unwrap();
    let instances = |count: u32| {
        let each: String = (0..count).map(|_| "(core instance (instantiate $m))").collect();
        wat::parse_str(format!("(component (core module $m) {each})")).unwrap()
    };
    assert!(Component::from_binary(engine.wasm(), &instances(100)).is_ok());
    let refused = Component::from_binary(engine.wasm(), &instances(101)).unwrap_err();
    assert!(format!("{refused:#}").contains("core module instances"), "{refused:#}");
}

#[tokio::test]
async fn memories_are_limited_together_and_from_the_start() {
    exhausted(r#"(memory 65) (func (export "run"))"#, "limits.memory").await;
    let module = r#"(memory $a 33) (memory $b 31)
        (func (export "run")
            (if (i32.lt_s (memory.grow $b (i32.const 1)) (i32.const 0)) (then unreachable)))"#;
    exhausted(module, "limits.memory").await;
}

#[tokio::test]
async fn a_stack_overflow_is_a_trap() {
    let module = r#"(func $f (export "run") (call $f) (call $f))"#;
    assert_eq!(run(module).await, Err(Failure::Trapped("its stack overflowed".into())));
}

#[tokio::test]
async fn a_loop_ends_with_its_time_also_while_it_starts() {
    let module = r#"(func (export "run") (loop (br 0)))"#;
    assert_eq!(run(module).await, Err(Failure::TimeOver));
    let module = r#"(func $start (loop (br 0))) (start $start) (func (export "run"))"#;
    assert_eq!(run(module).await, Err(Failure::TimeOver));
}

#[tokio::test]
async fn other_traps_say_what_they_are() {
    let module = r#"(func (export "run") (drop (i32.div_u (i32.const 1) (i32.const 0))))"#;
    let Err(Failure::Trapped(why)) = run(module).await else { panic!() };
    assert!(why.contains("divide by zero"), "{why}");
}

#[tokio::test]
async fn function_references_run_as_stock_go_needs_them() {
    let module = r#"(type $t (func))
        (func $f) (elem declare func $f)
        (func (export "run") (call_ref $t (ref.func $f)))"#;
    assert_eq!(run(module).await, Ok(()));
}

#[test]
fn what_is_turned_off_does_not_compile() {
    let engine = Engine::new(EngineConfig { calls: 1, ..EngineConfig::default() }).unwrap();
    for module in
        ["(memory 1 1 shared)", "(memory i64 1)", "(type (struct)) (func (param (ref 0)))"]
    {
        let text = format!("(component (core module {module}))");
        let bytes = wat::parse_str(&text).unwrap();
        assert!(Component::from_binary(engine.wasm(), &bytes).is_err(), "{module}");
    }
    let text = "(component (core func (canon backpressure.inc)))";
    assert!(Component::from_binary(engine.wasm(), &wat::parse_str(text).unwrap()).is_err());
}
