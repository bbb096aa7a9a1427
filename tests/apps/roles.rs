//! One program as several processes: `ROLE` says whether it is the web process, which executes nothing and has no `State`, or a worker.
//!
//! What the test types is an order for the web process: it is written in one transaction with the job that sends it, and committed, or
//! rolled back where a minus stands before it.

use std::io::BufRead;

use cron_runtime::chrono::DateTime;
use cron_runtime::prelude::*;
use cron_runtime::rusqlite::{Connection, TransactionBehavior};
use cron_runtime::{Scheduler, Select};

/// Stands for a connection that only the worker has.
#[derive(Clone)]
struct Mailer;

#[job]
fn send(State(_): State<Mailer>, Args(order): Args<i64>) {
    println!("sent {order}");
}

#[job(every = "1s", group = "reports")]
fn report() {
    println!("reported");
}

fn place(scheduler: &Scheduler, order: i64) -> Result<(), Box<dyn std::error::Error>> {
    let mut shop = Connection::open(std::env::var_os("CRON_DATABASE_URL").expect("the test names the file"))?;
    shop.busy_timeout(std::time::Duration::from_secs(10))?;
    let tx = shop.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch("CREATE TABLE IF NOT EXISTS app_orders (id INTEGER)")?;
    tx.execute("INSERT INTO app_orders VALUES (?1)", [order.abs()])?;
    let sending = scheduler.run_once_in(&tx, send::JOB.with(&order.abs())?, DateTime::UNIX_EPOCH)?;
    if order < 0 {
        tx.rollback()?;
        println!("rolled back");
        return Ok(());
    }
    tx.commit()?;
    println!("placed as {}", sending.committed());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), cron_runtime::Error> {
    let start = cron_runtime::start();
    let scheduler = match std::env::var("ROLE").as_deref() {
        Ok("web") => start.without_execution().await?,
        Ok("mailer") => start.state(Mailer).only(send::JOB).await?,
        Ok("reporter") => start.without(send::JOB).await?,
        Ok("mistaken") => start.only(Select::group("report")).await?,
        other => panic!("no role: {other:?}"),
    };
    println!("started");
    let orders = scheduler.clone();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            place(&orders, line.parse().expect("a number")).expect("it is placed");
        }
    });
    scheduler.until_signal().await
}
