//! The same wall-clock time through a clock change: 02:30 in New York, on days that have no 02:30 or have it twice.
//!
//! No scheduler runs here: the schedules of jobs are values that can be asked.

use cron_runtime::core::schedule::Schedule;

fn main() -> anyhow::Result<()> {
    let backup = Schedule::cron("30 2 * * *", "America/New_York")?;
    println!("{}", backup.describe());
    show(
        &backup,
        "2026-03-07T00:00:00Z",
        "the clocks go forward on 8 March: 02:30 does not exist, it runs at 03:00",
    )?;
    show(&backup, "2026-10-31T00:00:00Z", "the clocks go back on 1 November: a fixed time happens once")?;

    let poll = Schedule::cron("*/30 * * * *", "America/New_York")?;
    println!("\n{}", poll.describe());
    show(
        &poll,
        "2026-11-01T04:59:00Z",
        "half past one comes twice, and so does the poll: its spacing stays",
    )?;
    Ok(())
}

fn show(schedule: &Schedule, after: &str, why: &str) -> anyhow::Result<()> {
    println!("  {why}");
    let zone = schedule.zone().expect("it has one");
    let mut tick = after.parse()?;
    for _ in 0..4 {
        tick = schedule.next_after(tick).expect("it never ends");
        println!("    {}   {tick}", tick.with_timezone(&zone));
    }
    Ok(())
}
