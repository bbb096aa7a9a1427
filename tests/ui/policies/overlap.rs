use cron_runtime::job;

#[job(every = "30s", queue_depth = 3)]
async fn depth_of_the_default() {}

#[job(every = "30s", overlap = "cancel", queue_depth = 3)]
async fn depth_of_cancel() {}

#[job(every = "30s", overlap = "queue", queue_depth = 0)]
async fn nothing_waits() {}

#[job(every = "30s", max_running = 3)]
async fn bound_of_the_default() {}

#[job(every = "30s", overlap = "queue", max_running = 3)]
async fn bound_of_queue() {}

#[job(every = "30s", overlap = "allow", max_running = 10001)]
async fn too_many() {}

#[job(every = "30s", overlap = "cancel", cancel_grace = "0s")]
async fn no_time_to_stop() {}

#[job(every = "30s", after = "finish", overlap = "queue")]
async fn queue_after_finish() {}

#[job(every = "30s", after = "finish", overlap = "cancel")]
async fn cancel_after_finish() {}

#[job(every = "30s", overlap = "queue", retries = 3, retry_past_next = true)]
async fn past_next_with_queue() {}

#[job(every = "30s", overlap = "cancel", retries = 3, retry_past_next = true)]
async fn past_next_with_cancel() {}

// One mistake each: nothing is said of the options that depend on the refused one.
#[job(every = "30s", overlap = "queu", queue_depth = 3)]
async fn unknown_policy() {}

#[job(every = "30s", overlap = queue, queue_depth = 3)]
async fn missing_quotes() {}

fn main() {}
