//! The threads of the slow lane: fewer than the machine has processors, and each of them runs only
//! while no other thread of the machine's control group wants the processor (SCHED_IDLE, sched(7)),
//! and gives it back the moment one does.

use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};
use tokio::runtime::{Builder, Handle, Runtime};

/// Where calls go on that compute for long.
pub(crate) struct SlowLane {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl SlowLane {
    /// Starts its threads.
    pub(crate) fn start(threads: usize) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("slow-lane")
            .on_thread_start(step_back)
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// What it runs on.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for SlowLane {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The last engine may be dropped in a task, which must not wait for a thread.
            runtime.shutdown_background();
        }
    }
}

/// Needs no privilege. Where it is refused, long calls compete as any thread does.
fn step_back() {
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let set = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
    if let Err(error) = set {
        tracing::debug!(?error, "long calls compute at the same priority as short ones");
    }
}
