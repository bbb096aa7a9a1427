//! `inspect remove JOB...`

use cron_runtime::store::{Command, Done};
use serde::Serialize;

use super::steer::give;
use crate::context::{Context, find_job};
use crate::failure::Failure;
use crate::view::style;
use crate::view::table::paragraph;
use crate::view::text::Text;
use crate::view::time::count;

#[derive(Serialize)]
struct Json {
    removed: u64,
}

pub(crate) fn remove(names: &[String], context: &Context) -> Result<(), Failure> {
    let store = context.store()?;
    let mut jobs = Vec::with_capacity(names.len());
    for name in names {
        jobs.push(find_job(&store, name)?.plan.name);
    }
    // A name that is given twice is no second job.
    jobs.sort();
    jobs.dedup();
    let Done::Removed { count: removed } = give(&store, Command::Remove { jobs: jobs.clone() }, context)?
    else {
        return Err(Failure::WrongAnswer);
    };
    context.show(&Json { removed }, |screen| {
        let what = match jobs.as_slice() {
            [job] => job.to_string(),
            _ => count(removed, "job"),
        };
        let text = Text::styled(style::GOOD, "removed ")
            .and(style::BOLD, what)
            .and(style::PLAIN, if removed == 1 { " and its record" } else { " and their records" });
        paragraph(&text, 0, screen.width)
    })
}
