//! Snapshots, groups, copies, differences, modification and health on the command line.

use super::*;

#[tokio::test]
async fn a_snapshot_is_waited_for_unless_told_otherwise() {
    let model = Model::start(&[]);
    model.run("create data --size 1GiB").await.unwrap();
    model.calls();
    let shown = model.text("snapshot create monday --volume vol-1").await;
    assert_eq!(
        shown,
        "ID       snap-monday\nVOLUME   vol-1\nSIZE     1.0 GiB\n\
         CREATED  2023-11-14T22:13:20Z\nSTATE    ready\n"
    );
    assert_eq!(model.calls(), ["CreateSnapshot", "CreateSnapshot"]);
    let quick = model.text("snapshot create tuesday --volume vol-1 --no-wait -o json").await;
    let quick: serde_json::Value = serde_json::from_str(&quick).unwrap();
    assert_eq!((&quick["snapshotId"], &quick["ready"]), (&"snap-tuesday".into(), &false.into()));
    assert_eq!(model.text("snapshot create monday --volume vol-1 -q").await, "snap-monday\n");
}

#[tokio::test]
async fn snapshots_are_listed_shown_and_deleted() {
    let model = Model::start(&[]);
    assert_eq!(model.text("snapshot list").await, "No snapshots.\n");
    for (volume, name) in [("a", "one"), ("b", "two")] {
        model.run(&format!("create {volume} --size 64MiB")).await.unwrap();
        let id = if volume == "a" { "vol-1" } else { "vol-2" };
        model.run(&format!("snapshot create {name} --volume {id}")).await.unwrap();
    }
    assert_eq!(
        model.text("snapshot list --volume vol-2").await,
        "ID        VOLUME  SIZE      CREATED               STATE  GROUP\n\
         snap-two  vol-2   64.0 MiB  2023-11-14T22:13:20Z  ready\n"
    );
    assert_eq!(model.text("snapshot list -q").await, "snap-one\nsnap-two\n");
    assert!(model.text("snapshot get snap-one").await.contains("vol-1"));
    assert_eq!(model.exit("snapshot get snap-none").await, 3);
    assert_eq!(model.text("snapshot delete snap-one").await, "snap-one deleted\n");
    assert_eq!(model.text("snapshot list -q").await, "snap-two\n");
}

#[tokio::test]
async fn a_copy_is_as_large_as_its_source_unless_told_otherwise() {
    let model = Model::start(&ATTACHES);
    model.run("create data --size 2GiB").await.unwrap();
    model.run("snapshot create monday --volume vol-1").await.unwrap();
    let restored = model.text("restore again --snapshot snap-monday").await;
    assert!(
        restored.contains("2.0 GiB") && restored.contains("snapshot snap-monday"),
        "{restored}"
    );
    let clone = model.text("clone trial --volume vol-1").await;
    assert!(clone.contains("2.0 GiB") && clone.contains("volume vol-1"), "{clone}");
    let larger = model.text("clone larger --volume vol-1 --size 3GiB").await;
    assert!(larger.contains("3.0 GiB"), "{larger}");
}

#[tokio::test]
async fn a_group_finds_its_members_by_itself() {
    let model = Model::start(&[]);
    model.run("create a --size 64MiB").await.unwrap();
    model.run("create b --size 64MiB").await.unwrap();
    let group = model.text("group create monday --volume vol-1 --volume vol-2").await;
    let lines: Vec<_> = group.lines().map(str::trim_end).collect();
    assert_eq!(lines[0], "ID       group-monday");
    assert_eq!(lines.len(), 7, "{group}");
    assert_eq!(model.text("group get group-monday").await, group);
    let named = "group delete group-monday --snapshot snap-monday-vol-1";
    assert_eq!(model.exit(named).await, 2);
    assert_eq!(model.text("group delete group-monday").await, "group-monday deleted\n");
    assert_eq!(model.text("snapshot list").await, "No snapshots.\n");
}

#[tokio::test]
async fn a_difference_is_summed_up_for_people_and_whole_for_scripts() {
    let model = Model::start(&[]);
    let text = model.text("diff snap-b --base snap-a").await;
    assert_eq!(
        text,
        "SNAPSHOT   snap-b\nBASE       snap-a\nDIFFERENT  3.0 MiB (3% of 100.0 MiB)\nRANGES     3\n\n\
         OFFSET   LENGTH\n0        1.0 MiB\n2097152  1.0 MiB\n4194304  1.0 MiB\n"
    );
    let all = model.text("diff snap-a").await;
    assert!(all.contains("DATA      30.0 MiB (30% of 100.0 MiB)"), "{all}");
    assert!(all.ends_with("… and 10 more: -o json has all of them\n"), "{all}");
    let json = model.text("diff snap-a --from 2097152 -o json").await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["ranges"].as_array().unwrap().len(), 29);
    assert_eq!(json["ranges"][0], serde_json::json!({"offset": 2_097_152, "bytes": 1_048_576}));
}

#[tokio::test]
async fn modification_names_what_changes() {
    let model = Model::start(&[]);
    model.run("create data").await.unwrap();
    let done = model.text("modify vol-1 --set writeIops=100 --set discard=true").await;
    assert_eq!(done, "vol-1 modified\n");
    let set = [("discard", "true"), ("writeIops", "100")];
    assert_eq!(model.mutable("vol-1"), set.map(|(k, v)| (k.into(), v.into())).into());
    assert!(parse("modify vol-1").is_err());
}

#[tokio::test]
async fn health_tells_what_is_wrong_and_by_its_exit_whether() {
    let model = Model::start(&[]);
    model.run("create data").await.unwrap();
    let ill = model.text("health").await;
    assert_eq!(
        ill,
        "VOLUME  STATUS    REASON          MESSAGE\n\
         vol-1   DEGRADED  PoolNearlyFull  3% are left\n"
    );
    assert_eq!(model.exit("health").await, 6);
    assert_eq!(model.text("health vol-1").await, "Nothing wrong is known.\n");
    assert_eq!(model.exit("health vol-1").await, 0);
    assert_eq!(model.exit("health vol-2").await, 3);
    assert_eq!(model.exit("health --node").await, 6);
}
