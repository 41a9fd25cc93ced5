//! Compiling: the step at which a stranger's bytes meet the largest piece of code of all, the
//! compiler. It runs in a short-lived child with a limit on memory and time, which also gives back
//! at once what compiling took.
//!
//! The child is this program again. It reads `memory ‖ seconds ‖ component` from its standard input
//! (two little-endian `u64`), puts the limits on itself, and writes compiled code to its standard
//! output, or one line to its standard error and fails.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use wasmtime::component::Component;

use crate::code::CodeCache;
use crate::engine::{Engine, reason, settings};
use crate::load::LoadError;
use crate::log::clean;
use crate::outline::missing_proposal;

/// Compiled code that is taken from a child, for each byte of the component, and in any case.
const CODE_PER_BYTE: u64 = 32;
const LEAST_CODE: u64 = 16 << 20;
/// What a failed child may say.
const MAX_COMPLAINT: u64 = 1 << 10;

/// A program that calls [`compile_child`] and nothing else, and what it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    /// The program, by absolute path; its environment is empty.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Bytes of memory that compiling may take. A Python guest needs about 1 GiB.
    pub memory: u64,
    /// How long it may take.
    pub time: Duration,
}

impl Compiler {
    /// The limits that fit every guest known: 2 GiB and two minutes.
    #[must_use]
    pub fn new(program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self { program, arguments, memory: 2 << 30, time: Duration::from_secs(120) }
    }
}

/// Takes the compiled component that another driver has, finds it in the cache, or compiles it.
///
/// # Errors
/// `Compile`, `Proposal`.
pub(crate) async fn component(
    engine: &Arc<Engine>,
    bytes: Arc<[u8]>,
    digest: &str,
) -> Result<Arc<Component>, LoadError> {
    if let Some(loaded) = engine.loaded(digest) {
        return Ok(loaded);
    }
    let component = found_or_compiled(engine, bytes, digest).await?;
    Ok(engine.keep(digest, component))
}

async fn found_or_compiled(
    engine: &Arc<Engine>,
    bytes: Arc<[u8]>,
    digest: &str,
) -> Result<Component, LoadError> {
    let name = engine.code().name(digest);
    let kept = name.clone();
    if let Some(found) = blocking(engine, move |engine, code| code.find(engine, &kept)).await? {
        return Ok(found);
    }
    let compiled = match engine.compiler() {
        Some(compiler) => compiler.compile(&bytes).await,
        None => {
            let bytes = Arc::clone(&bytes);
            let compile = move |engine: &wasmtime::Engine, _: &CodeCache| {
                engine.precompile_component(&bytes).map_err(|error| reason(&error))
            };
            blocking(engine, compile).await?
        }
    };
    let code = match compiled {
        Ok(code) => code,
        Err(reason) => {
            let missing = blocking(engine, move |_, _| missing_proposal(&bytes)).await?;
            return Err(match missing {
                Some(proposal) => LoadError::Proposal { proposal },
                None => LoadError::Compile { reason },
            });
        }
    };
    blocking(engine, move |engine, cache| {
        cache.keep(&name, &code);
        cache.take(engine, &code)
    })
    .await?
    .map_err(|error| LoadError::Compile { reason: reason(&error) })
}

/// Runs on a thread that serves nothing else.
async fn blocking<T: Send + 'static>(
    engine: &Arc<Engine>,
    work: impl FnOnce(&wasmtime::Engine, &CodeCache) -> T + Send + 'static,
) -> Result<T, LoadError> {
    let engine = Arc::clone(engine);
    let done = tokio::task::spawn_blocking(move || work(engine.wasm(), engine.code())).await;
    done.map_err(|error| LoadError::Compile { reason: error.to_string() })
}

impl Compiler {
    /// Has a child compile; the error is for people.
    async fn compile(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("the compiler cannot be started: {error}"))?;
        let most = LEAST_CODE.max(CODE_PER_BYTE.saturating_mul(bytes.len() as u64));
        // Dropping the exchange at the end of its time kills the child.
        let exchange = self.exchange(&mut child, bytes, most);
        match tokio::time::timeout(self.time, exchange).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(format!("the compiler cannot be talked to: {error}")),
            Err(_) => Err(format!(
                "it took longer than {:?}, which is all that compiling gets",
                self.time
            )),
        }
    }

    async fn exchange(
        &self,
        child: &mut Child,
        bytes: &[u8],
        most: u64,
    ) -> io::Result<Result<Vec<u8>, String>> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let mut input = child.stdin.take().ok_or_else(gone)?;
        let output = child.stdout.take().ok_or_else(gone)?;
        let errors = child.stderr.take().ok_or_else(gone)?;
        let (mut code, mut complaint) = (Vec::new(), Vec::new());
        let give = async {
            // A child that fails before it has read everything says why by itself.
            let _ = input.write_all(&self.memory.to_le_bytes()).await;
            let _ = input.write_all(&self.time.as_secs().saturating_add(1).to_le_bytes()).await;
            let _ = input.write_all(bytes).await;
            drop(input);
        };
        let (mut output, mut errors) = (output.take(most), errors.take(MAX_COMPLAINT));
        let (read, told, ()) =
            tokio::join!(output.read_to_end(&mut code), errors.read_to_end(&mut complaint), give);
        read?;
        told?;
        if code.len() as u64 == most {
            return Ok(Err(format!("its code has more than {most} bytes")));
        }
        let status = child.wait().await?;
        if status.success() {
            return Ok(Ok(code));
        }
        let complaint = clean(String::from_utf8_lossy(&complaint).trim(), 512);
        let memory = self.memory;
        Ok(Err(format!("{complaint} (compiler: {status}; it may use {memory} bytes of memory)")))
    }
}

/// The child's side, for a program that does nothing else: compiles what `input` holds and writes
/// the code to `output`. Puts limits on the whole process.
///
/// # Errors
/// What is to be said on standard error before the process fails.
pub fn compile_child(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let (mut memory, mut seconds) = ([0; 8], [0; 8]);
    input.read_exact(&mut memory)?;
    input.read_exact(&mut seconds)?;
    limit(Resource::Data, u64::from_le_bytes(memory))?;
    limit(Resource::Cpu, u64::from_le_bytes(seconds))?;
    limit(Resource::Core, 0)?;
    let mut component = Vec::new();
    input.read_to_end(&mut component)?;
    let engine = wasmtime::Engine::new(&settings(1)).map_err(|error| failed(&error))?;
    let code = engine.precompile_component(&component).map_err(|error| failed(&error))?;
    output.write_all(&code)?;
    output.flush()
}

fn failed(error: &wasmtime::Error) -> io::Error {
    io::Error::other(reason(error))
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let hard = getrlimit(resource).maximum.map_or(most, |hard| hard.min(most));
    Ok(setrlimit(resource, Rlimit { current: Some(hard), maximum: Some(hard) })?)
}
