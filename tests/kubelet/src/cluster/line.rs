//! The line between the orchestrator and the driver: numbers the calls, lets them go wrong as planned,
//! and keeps the trace.

use super::Report;
use crate::call::{Answer, Call, Driver, Refusal};
use crate::codes::Code;
use crate::plan::{How, Plan};

/// See above.
#[derive(Debug)]
pub struct Line<D> {
    driver: D,
    plan: Plan,
    now: u32,
    calls: u32,
    calm: bool,
    kubelet_dies: bool,
    fired: Vec<u32>,
    trace: Vec<String>,
}

impl<D: Driver> Line<D> {
    /// Before the first call.
    pub fn new(plan: Plan, driver: D) -> Self {
        let (fired, trace) = (Vec::new(), Vec::new());
        Self { driver, plan, now: 0, calls: 0, calm: false, kubelet_dies: false, fired, trace }
    }

    /// One call.
    pub fn call(&mut self, node: Option<usize>, call: &Call) -> Answer {
        let mishap = if self.calm { None } else { self.plan.mishap(self.calls) };
        if mishap.is_some() {
            self.fired.push(self.calls);
        }
        self.calls += 1;
        let at_the_caller =
            mishap.is_some_and(|it| matches!(it.how, How::AnswerLost | How::KubeletDies));
        let mut answer = self.driver.call(node, call, mishap.filter(|_| !at_the_caller));
        match mishap.map(|it| it.how) {
            Some(How::AnswerLost) => {
                let message = "the answer was lost".to_owned();
                answer = Err(Refusal { code: Code::DeadlineExceeded, message });
            }
            Some(How::KubeletDies) if node.is_some() => self.kubelet_dies = true,
            Some(
                How::KubeletDies
                | How::Fails(_)
                | How::FailsLate(_)
                | How::StaysBroken(_)
                | How::Dies
                | How::DiesLate,
            )
            | None => {}
        }
        let place = node.map_or("controller".to_owned(), |node| format!("node {node}"));
        let wrong = mishap.map_or(String::new(), |it| format!(" [call {}: {it}]", self.calls - 1));
        let said = match &answer {
            Ok(_) => "OK".to_owned(),
            Err(refusal) => format!("{:?}: {}", refusal.code, refusal.message),
        };
        self.say(format!("{place}: {call}{wrong} → {said}"));
        answer
    }

    /// Whether kubelet is to die of the last call; asking takes it back.
    pub fn kubelet_dies(&mut self) -> bool {
        let dies = std::mem::take(&mut self.kubelet_dies);
        if dies {
            self.say("kubelet died".to_owned());
        }
        dies
    }

    /// The driver.
    pub fn driver(&mut self) -> &mut D {
        &mut self.driver
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The turn.
    #[must_use]
    pub fn now(&self) -> u32 {
        self.now
    }

    /// A new turn.
    pub fn set_now(&mut self, now: u32) {
        self.now = now;
    }

    /// From now on nothing goes wrong.
    pub fn calm(&mut self) {
        self.calm = true;
        self.say("calm".to_owned());
    }

    /// A line of the trace.
    pub fn say(&mut self, what: String) {
        self.trace.push(format!("{:>3}  {what}", self.now));
    }

    /// Hands over what it kept.
    pub fn tell(self, report: &mut Report) {
        report.trace = self.trace;
        report.fired = self.fired;
        report.calls = self.calls;
    }
}
