//! What a component might do instead of its work. A deed that is none is nothing. What follows a `#` only tells
//! callers apart.

#![allow(clippy::disallowed_methods, reason = "what is disallowed is what is tried here")]

use std::hint::black_box;
use std::time::Duration;

use mooring_sdk::Host;
use mooring_sdk::state::State;
use mooring_sdk::{Error, Result, info};

pub(crate) fn run(deed: &str) -> Result<()> {
    match deed.split('#').next().unwrap_or_default() {
        "panic" => panic!("as asked for"),
        "exit" => std::process::exit(3),
        "loop" => spin(),
        "loop-in-host" => loop {
            black_box(Host.get("key").ok());
        },
        "sleep" => std::thread::sleep(Duration::from_secs(3600)),
        "memory" => eat_memory(),
        "memory-asked" => return ask_for_memory(),
        "recursion" => {
            black_box(recurse(0));
        }
        "handles" => leak_handles(),
        "flood" => (0..50_000).for_each(|line| info!("line {line}")),
        "forge" => {
            info!(
                "harmless\n2026-01-01T00:00:00Z ERROR mooring: the pool is lost\r\u{1b}[2J\u{202e}"
            );
            eprintln!("printed \u{7}and\rreturned");
        }
        "print" => (0..4_000).for_each(|_| print!("no end of line in sight ")),
        "log-long" => info!("{}", "x".repeat(1 << 20)),
        "send-much" => {
            let much = vec![0; 64 << 20];
            black_box(Host.insert("much", &much).ok());
        }
        "state-flood" => return flood_state(),
        "write-and-panic" => {
            Host.insert("written-before-the-panic", b"1").expect("it is written");
            panic!("as asked for");
        }
        "claim" => return claim(),
        "claim-and-sleep" => {
            claim()?;
            std::thread::sleep(Duration::from_secs(3600));
        }
        "written" => {
            let there = Host.get("written-before-the-panic").expect("it is read");
            return Err(Error::not_found(format!("{}", there.is_some())));
        }
        "reach-out" => return Err(Error::unknown(reached().join(","))),
        "long-error" => return Err(Error::aborted("y\n".repeat(1 << 19))),
        "refuse" => {
            let wait = Duration::from_secs(1 << 30);
            return Err(Error::failed_precondition("not now").retry_after(wait));
        }
        _ => {}
    }
    Ok(())
}

fn claim() -> Result<()> {
    Ok(Host.claim("claimed")?)
}

fn spin() {
    let mut number = 0_u64;
    loop {
        number = black_box(number.wrapping_add(1));
    }
}

fn eat_memory() {
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    loop {
        eaten.push(black_box(vec![1; 1 << 20]));
    }
}

/// Asks politely, and says how much it got.
fn ask_for_memory() -> Result<()> {
    let mut got: Vec<Vec<u8>> = Vec::new();
    loop {
        let mut piece = Vec::new();
        if piece.try_reserve_exact(1 << 20).is_err() {
            return Err(Error::resource_exhausted(format!("got {} MiB", got.len())));
        }
        got.push(black_box(piece));
    }
}

#[expect(unconditional_recursion, reason = "that is the deed")]
fn recurse(depth: u64) -> u64 {
    let kept = black_box([depth; 64]);
    recurse(black_box(depth + 1)) + kept[0]
}

fn leak_handles() {
    loop {
        let pollable = wasip2::clocks::monotonic_clock::subscribe_duration(u64::MAX);
        std::mem::forget(pollable);
    }
}

fn flood_state() -> Result<()> {
    let value = vec![7; 64 << 10];
    for number in 0_u64.. {
        if let Err(error) = Host.insert(&format!("flood/{number}"), &value) {
            return Err(Error::resource_exhausted(format!("{error:?} after {number}")));
        }
    }
    Ok(())
}

/// Everything of the machine that it gets hold of.
fn reached() -> Vec<&'static str> {
    let tries: [(&str, bool); 9] = [
        ("file", std::fs::read("/etc/passwd").is_ok()),
        ("directory", std::fs::read_dir("/").is_ok() || std::fs::read_dir(".").is_ok()),
        ("new file", std::fs::write("/tmp/hostile", "x").is_ok()),
        ("environment", std::env::vars_os().next().is_some()),
        ("arguments", std::env::args_os().next().is_some()),
        ("name", std::net::ToSocketAddrs::to_socket_addrs("localhost:80").is_ok()),
        ("connection", std::net::TcpStream::connect("127.0.0.1:22").is_ok()),
        ("listener", std::net::TcpListener::bind("127.0.0.1:0").is_ok()),
        ("datagrams", std::net::UdpSocket::bind("127.0.0.1:0").is_ok()),
    ];
    tries.into_iter().filter(|(_, reached)| *reached).map(|(what, _)| what).collect()
}
