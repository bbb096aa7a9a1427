//! Making jobs known: those of a program, and dynamic ones.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use cron_core::audit::Segment;
use cron_core::job::{JobName, Plan};
use cron_core::judge::{Place, begin_beside, first_mark};
use cron_core::run::{Epoch, JobId, Origin, OwnerId};
use cron_core::schedule::Schedule;

use super::super::{Program, StoreError, Synced};
use super::book::{Book, Desk, Job};
use super::runs::Line;

impl Book {
    pub(super) fn sync(
        &mut self,
        desk: &mut Desk,
        program: &Program,
        now: DateTime<Utc>,
    ) -> Result<Synced, StoreError> {
        let mut synced = Synced::default();
        desk.declared = program.plans.iter().map(|plan| plan.name.clone()).collect();
        desk.executes = program.executes.clone();
        desk.build = self.build_named(&program.name);
        for limit in &program.groups {
            self.groups.entry(limit.group.clone()).or_default().max_running = Some(limit.max_running);
        }
        for plan in &program.plans {
            if let Some(was) = self.renamed(desk, plan) {
                self.rename(&was, &plan.name)?;
                synced.renamed.push((was, plan.name.clone()));
            }
            if !self.jobs.contains_key(&plan.name) {
                synced.new.push(plan.name.clone());
                self.register(plan, now)?;
            } else if self.update(plan, now)? {
                synced.edited.push(plan.name.clone());
            }
        }
        self.write_program(desk, program)?;
        let not_linked = self.jobs.values().filter(|job| !desk.declared.contains(job.plan.handler()));
        synced.not_linked = not_linked.map(|job| job.plan.name.clone()).collect();
        Ok(synced)
    }

    /// A program that contains something else than the newest one that has said what it contains has a number of its own.
    fn write_program(&mut self, desk: &Desk, program: &Program) -> Result<(), StoreError> {
        let newest = self.programs_of.last_key_value().map(|(_, program)| *program);
        let declared = self.jobs.values().filter(|job| job.plan.handler.is_none());
        let of_newest = declared.filter(|job| newest == Some(job.program)).map(|job| &job.plan.name);
        let number = match newest {
            Some(newest) if of_newest.eq(&desk.declared) => newest,
            _ => {
                self.programs += 1;
                for plan in &program.plans {
                    self.known_mut(&plan.name)?.program = self.programs;
                }
                self.programs
            }
        };
        self.programs_of.extend(desk.owner.map(|owner| (owner, number)));
        self.executed_by.extend(desk.owner.map(|owner| (owner, desk.executes.clone())));
        if desk.owner == Some(OwnerId(self.owners)) {
            self.program = Some(number);
        }
        Ok(())
    }

    /// Whether a process that has not taken leave contains a declared job, as far as the books tell.
    pub(super) fn is_served(&self, job: &Job) -> bool {
        let living = self.programs_of.iter().filter(|(owner, _)| !self.gone.contains(owner));
        living.into_iter().any(|(_, program)| *program == job.program)
    }

    /// The old name of a job that is not known under its new one, if its record is there and nobody here uses it.
    fn renamed(&self, desk: &Desk, plan: &Plan) -> Option<JobName> {
        let was = plan.was.as_ref()?;
        let is_free = !self.jobs.contains_key(&plan.name) && !desk.declared.contains(was);
        let is_declared = self.jobs.get(was).is_some_and(|job| job.plan.handler.is_none());
        (is_free && is_declared).then(|| was.clone())
    }

    pub(super) fn rename(&mut self, was: &JobName, name: &JobName) -> Result<(), StoreError> {
        let job = self.jobs.remove(was).ok_or_else(|| super::book::missing(was))?;
        self.jobs.insert(name.clone(), job);
        self.runs.rename(was, name);
        if let Some(by) = self.removals.remove(was) {
            self.removals.insert(name.clone(), by);
        }
        // What is on record of the new name is older than the job itself.
        self.problems.retain(|problem| problem.job.as_ref() != Some(name));
        for problem in self.problems.iter_mut().filter(|problem| problem.job.as_ref() == Some(was)) {
            problem.job = Some(name.clone());
        }
        // Dynamic jobs follow the function.
        for job in self.jobs.values_mut().filter(|job| job.plan.handler.as_ref() == Some(was)) {
            Arc::make_mut(&mut job.plan).handler = Some(name.clone());
        }
        Ok(())
    }

    /// A job that nobody has known before.
    pub(super) fn register(&mut self, plan: &Plan, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.newest_job += 1;
        let schedule = plan.schedule.as_ref().map(|schedule| schedule.anchored(now));
        let mark = first_mark(schedule.as_ref(), now);
        let job = Job {
            id: JobId(self.newest_job),
            plan: Arc::new(self.with_policies(plan)),
            registered: now,
            segments: vec![Segment { since: mark, schedule }],
            place: Place::at(mark),
            due: None,
            epoch: Epoch(0),
            paused: None,
            program: 0,
            skips: Vec::new(),
            ticks: Line::default(),
            pruned: None,
            suspended: Vec::new(),
            taken_back: Vec::new(),
            gap: None,
            earliest: None,
        };
        self.jobs.insert(plan.name.clone(), job);
        self.rearm(&plan.name)?;
        if plan.run_on_start {
            self.new_run(&plan.name, now, Origin::Start, Some(now));
        }
        self.pass_on(&plan.name, now)
    }

    /// The plan of a job with what it has from its handler.
    fn with_policies(&self, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        let handler = plan.handler.as_ref().and_then(|handler| self.jobs.get(handler));
        plan.inherit(handler.filter(|job| job.plan.handler.is_none()).map(|job| &*job.plan));
        plan
    }

    /// What a declared job says of its policies holds at once for the dynamic jobs that have them from it.
    pub(super) fn pass_on(&mut self, handler: &JobName, now: DateTime<Utc>) -> Result<(), StoreError> {
        let heirs = self.jobs.values().filter(|job| job.plan.handler.as_ref() == Some(handler));
        let heirs: Vec<Plan> = heirs.map(|job| self.with_policies(&job.plan)).collect();
        for plan in heirs {
            let name = plan.name.clone();
            let job = self.known_mut(&name)?;
            if *job.plan == plan {
                continue;
            }
            job.plan = Arc::new(plan);
            // A run that waits for the slot may have room now, or may be one for which the older one is cancelled.
            if self.active_of(&name).any(|(_, run)| run.is_parked()) {
                self.rearm(&name)?;
                self.release(&name, now)?;
            }
        }
        Ok(())
    }

    /// Writes what has changed in a declaration. Says whether the schedule was edited.
    pub(super) fn update(&mut self, plan: &Plan, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let is_active = !self.active(&plan.name).is_empty();
        let plan = &self.with_policies(plan);
        let job = self.known(&plan.name)?;
        if *job.plan == *plan {
            return Ok(false);
        }
        let fingerprint = |plan: &Plan| plan.schedule.as_ref().map(Schedule::fingerprint);
        let is_edited = fingerprint(&job.plan) != fingerprint(plan);
        let pause = self.pause(job).cloned();
        let leaves_pause = pause.is_some() && job.plan.group != plan.group;
        if job.plan.args != plan.args {
            let before = job.plan.args.clone();
            self.runs.keep_args(&plan.name, &before);
        }
        let job = self.known_mut(&plan.name)?;
        job.plan = Arc::new(plan.clone());
        if is_edited || leaves_pause {
            // What a pause of the group has kept from running is not replayed under another one.
            job.close_until(now, pause.as_ref(), is_active);
        }
        if is_edited {
            let suspended = job.place.suspended;
            job.take_place(Place { suspended, ..Place::at(job.place.mark) });
            let schedule = plan.schedule.as_ref().map(|schedule| schedule.anchored(job.place.mark));
            // Two edits within one millisecond: no tick lies between them, so the later one alone counts.
            let since = job.place.mark;
            job.segments.retain(|segment| segment.since != since);
            job.segments.push(Segment { since: job.place.mark, schedule });
            if job.place.suspended.is_some() {
                // What is suspended was decided under another schedule.
                self.refit(&plan.name)?;
            }
        }
        let job = self.known_mut(&plan.name)?;
        job.place.beside = begin_beside(job.schedule(), job.place, now);
        self.rearm(&plan.name)?;
        // There may be more room now.
        self.release(&plan.name, now)?;
        self.pass_on(&plan.name, now)?;
        Ok(is_edited)
    }
}

/// Whether a process executes a job: its program contains the function, and it has not left it to others.
pub(super) fn is_linked(desk: &Desk, job: &Job) -> bool {
    desk.declared.contains(job.plan.handler()) && desk.executes.contains(job.plan.handler())
}
