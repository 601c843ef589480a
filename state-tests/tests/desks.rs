//! What three threads can bring about at the desks, in every order of their steps.

use std::time::{Duration, Instant};

use state_tests::Ask::{Fail, Grieve, Keep, Load, Remove};
use state_tests::{Options, Policy, Request, Scenario, check, entry_weight};

/// Room for so many variable entries, and for the bytes of so many in both tiers; half of the bytes may be permanent.
fn options(entries: usize, bytes: u64, policy: Policy) -> Options {
    Options {
        variable_entries: entries,
        capacity_bytes: bytes * entry_weight(),
        permanent_bytes: Some(bytes * entry_weight() / 2),
        shards: Some(1),
        policy,
        wait_limit: Duration::MAX,
        ..Options::default()
    }
}

const POLICIES: [Policy; 2] = [Policy::Clock, Policy::ClockWithAdmission];

fn every_state(name: &str, scenario: Scenario) {
    let began = Instant::now();
    let states = check(scenario);
    println!("{name}: {states} states, {:.1} s", began.elapsed().as_secs_f64());
}

#[test]
fn whoever_loads_fails_grieves_and_removes_one_key_is_answered_as_by_a_map() {
    let threads = vec![
        vec![Request(0, Load(1, 0)), Request(0, Remove(1))],
        vec![Request(0, Fail(1)), Request(0, Load(1, 0))],
        vec![Request(0, Grieve(1)), Request(0, Remove(1))],
    ];
    every_state("one key", Scenario { options: options(4, 8, Policy::Clock), threads, is_roomy: true });
}

#[test]
fn two_keys_and_a_promotion_are_answered_as_by_a_map() {
    let threads = vec![
        vec![Request(0, Load(1, 0)), Request(0, Keep(1))],
        vec![Request(0, Keep(1)), Request(0, Load(2, 0))],
        vec![Request(0, Load(2, 0)), Request(0, Load(1, 0))],
    ];
    every_state("promotion", Scenario { options: options(4, 8, Policy::Clock), threads, is_roomy: true });
}

#[test]
fn three_requests_of_three_threads_to_two_generations_keep_every_bound() {
    for policy in POLICIES {
        let threads = vec![
            vec![Request(0, Load(1, 0)), Request(0, Load(2, 0)), Request(1, Load(1, 0))],
            vec![Request(0, Load(2, 0)), Request(1, Load(1, 0)), Request(0, Load(3, 0))],
            vec![Request(1, Load(1, 0)), Request(0, Load(3, 0)), Request(0, Load(1, 0))],
        ];
        let name = format!("two generations, {policy:?}");
        every_state(&name, Scenario { options: options(2, 4, policy), threads, is_roomy: false });
    }
}

#[test]
fn heavy_and_permanent_entries_share_what_bytes_there_are() {
    let weight = entry_weight();
    for policy in POLICIES {
        let threads = vec![
            vec![Request(0, Load(1, weight)), Request(0, Keep(2)), Request(0, Load(3, 2 * weight))],
            vec![Request(0, Keep(1)), Request(0, Load(2, 0)), Request(0, Remove(3))],
            vec![Request(0, Load(3, 0)), Request(0, Fail(2)), Request(0, Keep(3))],
        ];
        let two_shards = Options { shards: Some(2), ..options(3, 4, policy) };
        let name = format!("few bytes, {policy:?}");
        every_state(&name, Scenario { options: two_shards, threads, is_roomy: false });
    }
}
