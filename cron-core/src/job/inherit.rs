//! What a dynamic job takes over from its handler.

use serde::{Deserialize, Serialize};

use super::Plan;
use super::options::{Key, Options, Place, UnknownOption};

/// The policies that a dynamic job has of its own. All others are those of its handler, whichever those are at the moment.
///
/// A dynamic job that was written before there was anything to inherit has no such list: every policy is its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<&'static str>")]
pub struct OwnPolicies(Box<[Key]>);

impl OwnPolicies {
    /// The policies among the options that a request sets.
    #[must_use]
    pub fn among(options: &Options) -> Self {
        Self::of(options.iter().map(|(key, _)| key))
    }

    /// The policies among these options.
    #[must_use]
    pub fn of(keys: impl Iterator<Item = Key>) -> Self {
        let mut own: Vec<Key> = keys.filter(|key| is_policy(*key)).collect();
        own.sort_unstable();
        own.dedup();
        Self(own.into())
    }

    /// Whether the job has this policy of its own.
    #[must_use]
    pub fn contains(&self, key: Key) -> bool {
        self.0.contains(&key)
    }

    /// In the order of the documentation.
    pub fn iter(&self) -> impl Iterator<Item = Key> {
        self.0.iter().copied()
    }
}

impl From<OwnPolicies> for Vec<&'static str> {
    fn from(own: OwnPolicies) -> Self {
        own.iter().map(Key::name).collect()
    }
}

impl TryFrom<Vec<String>> for OwnPolicies {
    type Error = UnknownOption;

    fn try_from(names: Vec<String>) -> Result<Self, UnknownOption> {
        let read = |name: String| match Key::read(&name, Place::Builder) {
            Ok(key) if is_policy(key) => Ok(key),
            Ok(_) | Err(_) => Err(UnknownOption { given: name, place: Place::Builder }),
        };
        Ok(Self(names.into_iter().map(read).collect::<Result<_, _>>()?))
    }
}

/// Whether a dynamic job inherits this option where its request does not set it: all that says how a run is treated, and nothing that
/// says when it happens or what the job is called.
#[must_use]
pub fn is_policy(key: Key) -> bool {
    copy(key).is_some()
}

/// How one policy gets from a plan to another one. `None` for what is no policy.
fn copy(key: Key) -> Option<fn(&mut Plan, &Plan)> {
    Some(match key {
        Key::Overlap => |to, from| to.overlap = from.overlap,
        Key::QueueDepth => |to, from| to.slots.queue_depth = from.slots.queue_depth,
        Key::CancelGrace => |to, from| to.slots.cancel_grace = from.slots.cancel_grace,
        Key::MaxRunning => |to, from| to.slots.max_running = from.slots.max_running,
        Key::CatchUp => |to, from| to.catch_up.rule = from.catch_up.rule,
        Key::CatchUpLimit => |to, from| to.catch_up.limit = from.catch_up.limit,
        Key::CatchUpWindow => |to, from| to.catch_up.window = from.catch_up.window,
        Key::Grace => |to, from| to.catch_up.grace = from.catch_up.grace,
        Key::Timeout => |to, from| to.timeout = from.timeout,
        Key::Priority => |to, from| to.priority = from.priority,
        Key::Retries => |to, from| to.retry.retries = from.retry.retries,
        Key::Backoff => |to, from| to.retry.backoff = from.retry.backoff,
        Key::RetryDelay => |to, from| to.retry.delay = from.retry.delay,
        Key::RetryMaxDelay => |to, from| to.retry.max_delay = from.retry.max_delay,
        Key::RetryPastNext => |to, from| to.retry.past_next = from.retry.past_next,
        Key::KeepRuns => |to, from| to.retention.runs = from.retention.runs,
        Key::KeepFor => |to, from| to.retention.age = from.retention.age,
        Key::KeepDead => |to, from| to.retention.dead = from.retention.dead,
        Key::KeepDeadFor => |to, from| to.retention.dead_age = from.retention.dead_age,
        Key::Cron
        | Key::Every
        | Key::Daily
        | Key::Hourly
        | Key::Weekly
        | Key::At
        | Key::Once
        | Key::Schedule
        | Key::Rrule
        | Key::Phase
        | Key::After
        | Key::Timezone
        | Key::DstGap
        | Key::Calendar
        | Key::CalendarRule
        | Key::Start
        | Key::End
        | Key::Jitter
        | Key::RunOnStart
        | Key::Name
        | Key::Was
        | Key::Group
        | Key::Tags
        | Key::Crate => return None,
    })
}

impl Plan {
    /// Takes over from the handler what this job does not have of its own. A plan that has done so before may do it again, after its
    /// handler has changed; without a handler the defaults hold.
    pub fn inherit(&mut self, handler: Option<&Self>) {
        let Some(own) = self.own.take() else { return };
        let bare;
        let from = match handler {
            Some(handler) => handler,
            None => {
                bare = Self::bare(self.name.clone());
                &bare
            }
        };
        for key in Key::ALL.iter().filter(|key| !own.contains(**key)) {
            if let Some(copy) = copy(*key) {
                copy(self, from);
            }
        }
        self.own = Some(own);
    }

    /// The policies that it has from its handler.
    pub fn inherited(&self) -> impl Iterator<Item = Key> {
        let inherits = move |key: &Key| self.own.as_ref().is_some_and(|own| !own.contains(*key));
        Key::ALL.iter().copied().filter(|key| is_policy(*key)).filter(inherits)
    }

    /// Whether dynamic jobs would inherit the same from both.
    #[must_use]
    pub fn has_policies_of(&self, other: &Self) -> bool {
        let mut as_other = Self { own: Some(OwnPolicies::default()), ..self.clone() };
        as_other.inherit(Some(other));
        as_other.own.clone_from(&self.own);
        as_other == *self
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::policy::{CatchUpRule, Overlap, Priority};
    use crate::schedule::Schedule;

    fn bare(name: &str) -> Plan {
        Plan::bare(name.parse().expect("a name"))
    }

    /// A handler that has said something of everything.
    fn handler() -> Plan {
        let text = r#"{"name":"h","description":"d","schedule":"every(30s)","overlap":"queue",
            "catch_up":{"rule":"all","limit":7,"window":{"secs":60,"nanos":0},"grace":{"secs":5,"nanos":0}},
            "retry":{"retries":3,"backoff":"linear","delay":{"secs":1,"nanos":0},"max_delay":{"secs":9,"nanos":0},"past_next":true},
            "slots":{"queue_depth":4,"cancel_grace":{"secs":2,"nanos":0},"max_running":5},
            "timeout":{"secs":30,"nanos":0},"jitter":{"secs":3,"nanos":0},"run_on_start":true,"group":"team","tags":["one"],
            "priority":90,"retention":{"runs":5,"age":{"secs":6,"nanos":0},"dead":7,"dead_age":{"secs":8,"nanos":0}},
            "was":"silent","source":"main.rs:7"}"#;
        serde_json::from_str(text).expect("a plan")
    }

    #[test]
    fn each_policy_comes_from_the_handler_unless_it_is_the_jobs_own() {
        let from = handler();
        for own in Key::ALL.iter().copied().filter(|key| is_policy(*key)) {
            let mut plan = Plan { own: Some(OwnPolicies::of([own].into_iter())), ..bare("j") };
            plan.inherit(Some(&from));
            // Of the two plans with all policies and with none, the job has one of the second and the rest of the first.
            let mut wanted = Plan { own: Some(OwnPolicies::default()), ..bare("j") };
            wanted.inherit(Some(&from));
            copy(own).expect("a policy")(&mut wanted, &bare("j"));
            wanted.own.clone_from(&plan.own);
            assert_eq!(plan, wanted, "{own}");
            assert!(!plan.inherited().any(|key| key == own) && plan.inherited().count() == 18, "{own}");
        }
    }

    #[test]
    fn nothing_that_says_when_or_what_is_inherited() {
        let mut plan = Plan { own: Some(OwnPolicies::default()), ..bare("j") };
        plan.inherit(Some(&handler()));
        let of_the_job = Plan {
            overlap: plan.overlap,
            catch_up: plan.catch_up,
            retry: plan.retry,
            slots: plan.slots,
            timeout: plan.timeout,
            priority: plan.priority,
            retention: plan.retention,
            own: plan.own.clone(),
            ..bare("j")
        };
        assert_eq!(plan, of_the_job);
        assert_eq!(
            (plan.overlap, plan.catch_up.rule, plan.priority),
            (Overlap::Queue, CatchUpRule::All, Priority(90))
        );
    }

    #[test]
    fn another_build_of_the_handler_changes_what_is_inherited() {
        let mut plan = Plan { own: Some(OwnPolicies::of([Key::Timeout].into_iter())), ..bare("j") };
        plan.timeout = Some(Duration::from_secs(1));
        plan.inherit(Some(&handler()));
        let mut later = handler();
        later.retry.retries = 20;
        later.timeout = None;
        assert!(!later.has_policies_of(&handler()));
        plan.inherit(Some(&later));
        assert_eq!((plan.retry.retries, plan.timeout), (20, Some(Duration::from_secs(1))));
        plan.inherit(None);
        let own = plan.own.clone();
        assert_eq!(
            plan,
            Plan { own, timeout: Some(Duration::from_secs(1)), ..bare("j") },
            "no handler, the defaults"
        );
    }

    #[test]
    fn what_is_no_policy_is_none_of_the_handlers_business() {
        let another =
            Plan { schedule: Some(Schedule::every("1h", None).expect("a period")), group: None, ..handler() };
        assert!(another.has_policies_of(&handler()));
    }

    #[test]
    fn a_job_from_before_inherits_nothing() {
        let mut plan = bare("j");
        plan.inherit(Some(&handler()));
        assert_eq!(plan, bare("j"));
        assert_eq!(plan.inherited().count(), 0);
    }

    #[test]
    fn own_policies_are_kept_by_their_names() {
        let own = OwnPolicies::of([Key::Retries, Key::Cron, Key::Overlap, Key::Retries].into_iter());
        let text = serde_json::to_string(&own).expect("a text");
        assert_eq!(text, r#"["overlap","retries"]"#);
        assert_eq!(serde_json::from_str::<OwnPolicies>(&text).expect("policies"), own);
        for wrong in [r#"["retires"]"#, r#"["cron"]"#] {
            assert!(serde_json::from_str::<OwnPolicies>(wrong).is_err(), "{wrong}");
        }
    }
}
