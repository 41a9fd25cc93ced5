use super::*;
use crate::error::Code;
use crate::testing::Machine;

const TABLE: Table<u32> = Table::new("volume/");

fn page(max_entries: u32, token: Option<&str>) -> Page {
    Page { max_entries, token: token.map(ToOwned::to_owned) }
}

fn create(machine: &Machine, id: &str, value: u32) -> u32 {
    TABLE.create(machine, id, value, |_| Ok(()), |_| Ok(())).unwrap()
}

fn filled(count: u32) -> Machine {
    let machine = Machine::default();
    for number in 0..count {
        create(&machine, &format!("v{number:05}"), number);
    }
    machine.insert("other/x", &[]).unwrap();
    machine.insert("volumf", &[]).unwrap();
    machine
}

#[test]
fn the_first_record_stands_if_it_fits() {
    let machine = Machine::default();
    assert_eq!(create(&machine, "a", 1), 1);
    assert_eq!(create(&machine, "a", 2), 1);
    let refuse = |old: &u32| Err(Error::already_exists(format!("it is {old}")));
    let refused = TABLE.create(&machine, "a", 2, refuse, |_| panic!("made what does not fit"));
    assert_eq!(refused, Err(Error::already_exists("it is 1")));
}

#[test]
fn what_is_made_follows_the_record_that_stands() {
    let machine = Machine::default();
    let made = std::cell::RefCell::new(Vec::new());
    for value in [1, 2] {
        let make = |value: &u32| {
            made.borrow_mut().push(*value);
            Ok(())
        };
        TABLE.create(&machine, "a", value, |_| Ok(()), make).unwrap();
    }
    assert_eq!(*made.borrow(), [1, 1]);
}

#[test]
fn a_record_is_taken_back_only_where_surely_nothing_was_made() {
    for (code, stays) in [
        (Code::ResourceExhausted, false),
        (Code::AlreadyExists, false),
        (Code::Unavailable, true),
        (Code::DeadlineExceeded, true),
        (Code::Internal, true),
    ] {
        let machine = Machine::default();
        let make = |_: &u32| Err(Error::new(code, "no"));
        assert_eq!(TABLE.create(&machine, "a", 1, |_| Ok(()), make).unwrap_err().code, code);
        assert_eq!(TABLE.get(&machine, "a").unwrap().is_some(), stays, "{code:?}");
    }
}

#[test]
fn a_record_of_an_earlier_call_is_never_taken_back() {
    let machine = Machine::default();
    create(&machine, "a", 1);
    let make = |_: &u32| Err(Error::resource_exhausted("no room"));
    TABLE.create(&machine, "a", 1, |_| Ok(()), make).unwrap_err();
    assert!(TABLE.get(&machine, "a").unwrap().is_some());
}

#[test]
fn a_record_is_changed_by_its_version() {
    let machine = Machine::default();
    create(&machine, "a", 1);
    let first = TABLE.find(&machine, "a").unwrap().version;
    let second = TABLE.replace(&machine, "a", &3, first).unwrap();
    assert_eq!(TABLE.replace(&machine, "a", &4, first).unwrap_err().code, Code::Aborted);
    assert_eq!(TABLE.find(&machine, "a"), Ok(Found { value: 3, version: second }));
    assert_eq!(TABLE.remove(&machine, "a", first).unwrap_err().code, Code::Aborted);
    TABLE.remove(&machine, "a", second).unwrap();
    assert_eq!(TABLE.get(&machine, "a"), Ok(None));
    assert_eq!(TABLE.find(&machine, "a").unwrap_err().code, Code::NotFound);
}

#[test]
fn pages_hold_every_record_once_while_others_come_and_go() {
    let machine = filled(25);
    let mut seen = Vec::new();
    let mut token = None;
    loop {
        let listed = TABLE.page(&machine, &page(10, token.as_deref())).unwrap();
        assert!(listed.entries.len() <= 10);
        seen.extend(listed.entries.into_iter().map(|(_, number)| number));
        // The record that the token names goes away, and one before it comes.
        if let Some(id) = listed.next.as_deref().and_then(|next| next.strip_prefix("after:")) {
            let version = TABLE.get(&machine, id).unwrap().unwrap().version;
            TABLE.remove(&machine, id, version).unwrap();
            create(&machine, &format!("a{id}"), 1_000);
        }
        token = listed.next;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..25).collect::<Vec<_>>());
}

#[test]
fn the_last_page_says_so_even_when_it_is_full() {
    let machine = filled(20);
    let first = TABLE.page(&machine, &page(10, None)).unwrap();
    let second = TABLE.page(&machine, &page(10, first.next.as_deref())).unwrap();
    assert_eq!((second.entries.len(), second.next), (10, None));
}

#[test]
fn an_open_or_huge_page_is_the_longest_one() {
    let machine = filled(PAGE + 1);
    for asked in [0, u32::MAX] {
        let listed = TABLE.page(&machine, &page(asked, None)).unwrap();
        assert_eq!(listed.entries.len(), PAGE as usize);
        let rest = TABLE.page(&machine, &page(asked, listed.next.as_deref())).unwrap();
        assert_eq!((rest.entries.len(), rest.next), (1, None));
    }
}

#[test]
fn tokens_of_others_are_aborted() {
    let machine = filled(3);
    for bad in ["", "garbage", "after:", "v00001", &format!("after:{}", "x".repeat(1 << 20))] {
        let error = TABLE.page(&machine, &page(0, Some(bad))).unwrap_err();
        assert_eq!(error.code, Code::Aborted);
        assert!(error.message.len() < 200, "a token is not repeated at length");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_data_loss_and_named() {
    let machine = Machine::default();
    machine.insert("volume/a", &[0xff; 9]).unwrap();
    let error = TABLE.get(&machine, "a").unwrap_err();
    assert_eq!(error.code, Code::DataLoss);
    assert!(error.message.contains("volume/a"), "{error}");
}

#[test]
fn looking_through_finds_each_once_and_looks_at_no_more_than_it_may() {
    let machine = filled(50);
    machine.shorten_scans(7);
    for (max_entries, most) in [(0, 3), (1, 10), (2, 2), (3, 999), (0, 999)] {
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            let mut looked = 0;
            let look = |_: &str, value: &u32| {
                looked += 1;
                Ok(value.is_multiple_of(5).then_some(*value))
            };
            let asked = Page { max_entries, token };
            let page = TABLE.look_through(&machine, &asked, most, look).unwrap();
            assert!(looked <= most, "{looked} of {most}");
            assert!(max_entries == 0 || page.entries.len() <= max_entries as usize);
            found.extend(page.entries.into_iter().map(|(_, value)| value));
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(found, (0..50).step_by(5).collect::<Vec<_>>(), "{max_entries}, {most}");
    }
    let failing = |_: &str, _: &u32| Err::<Option<()>, _>(Error::unavailable("no answer"));
    assert!(TABLE.look_through(&machine, &page(0, None), 5, failing).is_err());
}

#[test]
fn what_an_older_form_holds_is_read_in_the_newer_one_and_written_so() {
    #[derive(serde::Serialize, serde::Deserialize)]
    enum Form {
        V1(u32),
        V2(u32, bool),
    }
    impl From<Form> for (u32, bool) {
        fn from(form: Form) -> Self {
            match form {
                Form::V1(number) => (number, false),
                Form::V2(number, flag) => (number, flag),
            }
        }
    }
    impl From<(u32, bool)> for Form {
        fn from((number, flag): (u32, bool)) -> Self {
            Self::V2(number, flag)
        }
    }
    const TABLE: Table<(u32, bool), Form> = Table::new("number/");
    let machine = Machine::default();
    machine.insert("number/a", &postcard::to_allocvec(&Form::V1(7)).unwrap()).unwrap();
    let Found { value, version } = TABLE.find(&machine, "a").unwrap();
    assert_eq!(value, (7, false));
    TABLE.replace(&machine, "a", &value, version).unwrap();
    let written = State::get(&machine, "number/a").unwrap().unwrap().value;
    assert!(matches!(postcard::from_bytes(&written), Ok(Form::V2(7, false))));
}
