//! Any sequence of runs, interruptions, changes and imports keeps the promises: the real judge, store, accounting and
//! report against a server in memory.

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tempfile::TempDir;

use self::world::{Kind, Row, Run, World};
use super::review;
use crate::finding::{Contact, Finding};
use crate::store::Store;

/// What can happen between and during nights.
#[derive(Debug, Clone)]
enum Step {
    Deliver {
        mailbox: usize,
        kind: Kind,
        day: i8,
    },
    /// Somebody files a message once more.
    Copy {
        from: usize,
        into: usize,
    },
    Delete {
        which: usize,
        is_copy: bool,
    },
    Renumber {
        mailbox: usize,
    },
    /// The desk changes its queries.
    Queries(usize),
    /// The organisation learns of a number range of its own, or drops it.
    Phones(bool),
    Run(Run),
    /// A reviewer decides.
    Import {
        which: usize,
        status: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let run = prop_oneof![
        4 => Just(Run::Nightly),
        1 => Just(Run::Full),
        1 => Just(Run::Narrow),
        1 => Just(Run::Phrase),
        1 => Just(Run::OneQuery),
        1 => (0_usize..12).prop_map(Run::BrokenAfter),
        1 => (0_usize..12).prop_map(Run::StoppedAfter),
        3 => (0_usize..24).prop_map(Run::KilledAfter),
        3 => (0_usize..world::TABLES.len()).prop_map(Run::KilledBefore),
    ];
    prop_oneof![
        6 => (0_usize..2, select(&Kind::ALL[..]), -20_i8..20)
            .prop_map(|(mailbox, kind, day)| Step::Deliver { mailbox, kind, day }),
        2 => (any::<usize>(), 0_usize..2).prop_map(|(from, into)| Step::Copy { from, into }),
        3 => (any::<usize>(), any::<bool>())
            .prop_map(|(which, is_copy)| Step::Delete { which, is_copy }),
        1 => (0_usize..2).prop_map(|mailbox| Step::Renumber { mailbox }),
        3 => (0..world::QUERIES.len()).prop_map(Step::Queries),
        2 => any::<bool>().prop_map(Step::Phones),
        7 => run.prop_map(Step::Run),
        3 => (any::<usize>(), 0_usize..4)
            .prop_map(|(which, status)| Step::Import { which, status }),
    ]
}

/// What a reviewer judges by: verdict, sentence, contact data with their owners.
type Evidence = (String, String, Vec<(String, String)>);

fn evidence(finding: &Finding) -> Evidence {
    let said = &finding.conclusion;
    let contacts = said.contacts.iter();
    let contact = |c: &Contact| (c.value.clone(), c.owner.as_str().to_owned());
    (
        said.verdict.as_str().to_owned(),
        said.notice.clone(),
        contacts.map(contact).collect(),
    )
}

/// What the reports so far have told, and what must hold of the next one.
struct Promises {
    directory: TempDir,
    world: World,
    reports: u32,
    /// Findings of the last whole report, with the messages in which they were, as long as the settings stay the same.
    told: Vec<(String, String)>,
    /// Status, and the evidence on which it was decided.
    decided: BTreeMap<String, (String, Evidence)>,
}

impl Promises {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            world: World::default(),
            reports: 0,
            told: Vec::new(),
            decided: BTreeMap::new(),
        }
    }

    fn store(&self) -> PathBuf {
        self.directory.path().join("audit.db")
    }

    fn out(&mut self) -> PathBuf {
        self.reports += 1;
        self.directory.path().join(format!("r{}", self.reports))
    }

    fn take(&mut self, step: &Step) {
        let world = &mut self.world;
        match *step {
            Step::Deliver { mailbox, kind, day } => world.deliver(mailbox, kind, day),
            Step::Copy { from, into } => world.copy(from, into),
            Step::Delete { which, is_copy } => world.delete(which, is_copy),
            Step::Renumber { mailbox } => world.renumber(mailbox),
            Step::Queries(variant) => {
                world.queries = variant;
                self.told.clear();
            }
            Step::Phones(own) => {
                world.own_phones = own;
                self.told.clear();
            }
            Step::Import { which, status } => self.import(which, status),
            Step::Run(run) => self.run(run),
        }
    }

    /// A decision on a finding that stands, as a copy of `findings.csv` with two columns brings it.
    fn import(&mut self, which: usize, status: usize) {
        if !self.store().exists() {
            return;
        }
        let standing = Store::open_to_read(&self.store())
            .unwrap()
            .findings()
            .unwrap();
        let Some(chosen) = standing.get(which % standing.len().max(1)) else {
            return;
        };
        let status = ["open", "confirmed", "cleared", "escalated"][status];
        let id = chosen.finding.id.clone();
        // A copy older than the last decision changes nothing; each of these says something new.
        let note = format!("decision {}", self.decided.len() + self.reports as usize);
        let table = format!("finding_id,review_status,review_note\n{id},{status},{note}\n");
        let file = self.directory.path().join("copy.csv");
        std::fs::write(&file, table).unwrap();
        let imported = review::import(&file, &self.store(), false).unwrap();
        assert_eq!(imported.refused, []);
        if !imported.taken.is_empty() {
            let seen = evidence(&chosen.finding);
            self.decided.insert(id, (status.to_owned(), seen));
        }
    }

    fn run(&mut self, run: Run) {
        let out = self.out();
        let store = self.store();
        let ran = self.world.run(run, Some(&store), &out);
        self.world.check_nothing_twice(run, &ran);
        let Some(report) = ran.report else {
            assert!(!out.exists(), "a killed run leaves no report");
            return;
        };
        for row in &report.coverage {
            let number = |name: &str| row[name].parse::<u64>().unwrap();
            assert_eq!(
                number("in_window"),
                number("judged") + number("judged_before") + number("exceptions")
            );
        }
        self.check_decisions(&report.findings);
        if matches!(run, Run::Nightly | Run::Full) {
            let fresh = self.out();
            let once = self.world.run(Run::Full, None, &fresh).report.unwrap();
            assert_eq!(report.incomplete, once.incomplete);
            self.check_same(&report.findings, &once.findings);
            for (told, once) in [
                (&report.coverage, &once.coverage),
                (&report.exceptions, &once.exceptions),
            ] {
                assert_eq!(world::lasting(told, &[]), world::lasting(once, &[]));
            }
        }
    }

    /// The report of one full run, and besides it only what has gone from the server.
    fn check_same(&mut self, nightly: &[Row], once: &[Row]) {
        let ids = |rows: &[Row]| -> BTreeSet<String> {
            rows.iter().map(|row| row["finding_id"].clone()).collect()
        };
        let found = ids(once);
        let (there, gone): (Vec<_>, Vec<_>) = nightly
            .iter()
            .cloned()
            .partition(|row| found.contains(&row["finding_id"]));
        let is_unsure = self.world.is_unsure();
        let places: &[&str] = if is_unsure {
            &["copies", "mailbox", "uidvalidity", "uid"]
        } else {
            &[]
        };
        assert_eq!(world::lasting(&there, places), world::lasting(once, places));
        assert!(there.iter().all(|row| row["change"] != "gone"));
        for row in &gone {
            assert!(self.world.is_deleted(&row["message_id"]), "{row:?}");
            let is_told = ["gone", "recheck"].contains(&&*row["change"]);
            assert!(is_told || is_unsure, "{row:?}");
        }
        // What was told of a message stays told when the message goes.
        let told = ids(nightly);
        for (id, message) in &self.told {
            assert!(told.contains(id) || !self.world.is_deleted(message), "{id}");
        }
        let told = nightly.iter();
        self.told = told
            .map(|row| (row["finding_id"].clone(), row["message_id"].clone()))
            .collect();
    }

    fn check_decisions(&self, findings: &[Row]) {
        let store = Store::open_to_read(&self.store()).unwrap();
        let standing = store.findings().unwrap();
        let stands: BTreeMap<_, _> = standing
            .iter()
            .map(|s| (s.finding.id.as_str(), evidence(&s.finding)))
            .collect();
        for row in findings {
            let id = row["finding_id"].as_str();
            let Some((status, seen)) = self.decided.get(id) else {
                assert_eq!(row["review_status"], "", "{row:?}");
                assert_ne!(row["change"], "recheck", "{row:?}");
                continue;
            };
            assert_eq!(&row["review_status"], status, "{row:?}");
            assert_eq!(row["change"] == "recheck", stands[id] != *seen, "{row:?}");
        }
        let history = store.history().unwrap();
        for id in self.decided.keys() {
            assert!(history.contains_key(id), "a decision on {id} is lost");
        }
        assert_eq!(crate::store::check_trail(&store.trail().unwrap()), Ok(()));
    }
}

#[track_caller]
fn check(steps: &[Step]) {
    let mut promises = Promises::new();
    for step in steps {
        promises.take(step);
    }
    // Whatever happened, the next night's report is that of one run over what there is.
    promises.run(Run::Nightly);
    promises.run(Run::Nightly);
}

/// Wherever a night dies, nothing that it had found is lost.
#[test]
fn a_night_that_dies_anywhere_costs_no_finding() {
    for kind in Kind::ALL {
        let arrived = Step::Deliver {
            mailbox: 0,
            kind,
            day: 0,
        };
        for table in 0..world::TABLES.len() {
            check(&[arrived.clone(), Step::Run(Run::KilledBefore(table))]);
        }
    }
}

/// The organisation learns that a number is its own after somebody decided.
#[test]
fn a_changed_owner_of_a_number_is_looked_at_again() {
    for kind in [Kind::Office, Kind::OfficeAndHome] {
        let arrived = Step::Deliver {
            mailbox: 0,
            kind,
            day: 0,
        };
        let decided = Step::Import {
            which: 0,
            status: 1,
        };
        let night = Step::Run(Run::Nightly);
        check(&[arrived, night, decided, Step::Phones(true)]);
    }
}

/// Two copies of a message in which the next night's queries find nothing; one is deleted before or after.
#[test]
fn a_deleted_copy_keeps_no_finding_that_the_other_has_lost() {
    let night = Step::Run(Run::Nightly);
    let deleted = |which| Step::Delete {
        which,
        is_copy: true,
    };
    for into in 0..2 {
        for which in 0..2 {
            let filed = [
                Step::Deliver {
                    mailbox: 0,
                    kind: Kind::Guarded,
                    day: 0,
                },
                Step::Copy { from: 0, into },
                night.clone(),
            ];
            let changed = Step::Queries(2);
            for steps in [
                vec![deleted(which), changed.clone()],
                vec![deleted(which), night.clone(), changed.clone()],
                vec![
                    changed.clone(),
                    Step::Run(Run::BrokenAfter(1)),
                    deleted(which),
                ],
                vec![changed, night.clone(), deleted(which)],
            ] {
                check(&[&filed[..], &steps].concat());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_sequence_keeps_the_promises(steps in vec(step(), 1..24)) {
        check(&steps);
    }
}
