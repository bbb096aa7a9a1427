//! Two jobs of one name: refused with both places, and nothing is half started.

mod first {
    #[cron_runtime::job(every = "1s")]
    pub(crate) fn same() {}
}

mod second {
    #[cron_runtime::job(name = "same")]
    pub(crate) async fn other() {}
}

#[tokio::test]
async fn both_places_are_named_and_no_database_is_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = directory.path().join("jobs.db");
    let error =
        cron_runtime::start().database(database.to_string_lossy()).await.expect_err("two jobs of one name");
    let text = error.to_string();
    for part in [
        "2 jobs are named `same`",
        "duplicates::first",
        "duplicates::second",
        "duplicates.rs:5",
        "name = \"...\"",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    assert!(!database.exists());
    first::same();
    second::other().await;
}
