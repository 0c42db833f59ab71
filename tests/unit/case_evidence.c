/* What stands behind a case: the track around it, the licence of that time, and whether the records are
 * whole, which a few of them can tell. */
#include "bureau/cases/evidence.h"
#include "bureau/cases/keeper.h"
#include "bureau/store/tracks.h"
#include "proto/issued.h"
#include "tests/unit/fixture_sql.h"

#include <errno.h>
#include <sqlite3.h>

#include "fixture_evidence.h"

static struct sender alerts = {.vehicle = "bus-a", .key = &key_a, .stream = 1, .cls = BW_RECORD_ALERT},
                     tracks = {.vehicle = "bus-a", .key = &key_a, .stream = 1, .cls = BW_RECORD_TRACK};

/* An alert amid an hour of positions, 10 s apart: twenty minutes and a few seconds of them are its own. */
static void drive(void)
{
    evidence_open();
    evidence_say(&alerts, alert_of(1, BW_RAISED));
    evidence_say(&alerts, alert_of(1, BW_CLEARED));
    for (int i = 0; i < 360; i++) {
        struct wire_body body = track_of(0);
        body.u.track.fixes[0].utc_ms = evidence_utc_ms + (i - 180) * 10000;
        body.u.track.fixes[0].aboard = 20;
        body.u.track.fixes[0].quality = BW_QUALITY_GOOD;
        evidence_say(&tracks, body);
        if (i % 50 == 49)
            (void)evidence_commit();
    }
    (void)evidence_commit();
}

TestSuite(case_evidence, .init = drive, .fini = evidence_close);

static int gather(void *context, const struct store_case *row)
{
    return evidence_gather(evidence_store, row, 0, context);
}

static struct evidence evidence_of(int64_t id)
{
    struct evidence evidence = {0};
    cr_assert_eq(store_case(evidence_store, id, NULL, gather, &evidence), 0, "%s",
                 store_error(evidence_store));
    return evidence;
}

static void run_sql(const char *sql)
{
    file_do(evidence_path, sql);
}

Test(case_evidence, is_the_track_around_it_and_its_records_are_good)
{
    struct evidence evidence = evidence_of(1);
    cr_expect_eq(evidence.from_utc_ms, evidence_utc_ms - EVIDENCE_MARGIN_MS);
    cr_expect_eq(evidence.until_utc_ms, evidence_utc_ms + 3000 + EVIDENCE_MARGIN_MS);
    cr_assert_eq(evidence.n_fixes, 121);
    cr_expect_eq(evidence.fixes[0].utc_ms, evidence_utc_ms - 600000);
    cr_expect_eq(evidence.fixes[120].utc_ms, evidence_utc_ms + 600000);
    cr_expect_eq(evidence.fixes[60].aboard, 20);
    cr_expect(evidence.track.records == 121 && evidence.track.good == 121 && evidence.track.missing == 0);
    cr_expect(evidence.alert.records == 2 && evidence.alert.good == 2);
    cr_expect(evidence.track.unlinked == 0 && evidence.alert.unlinked == 0);
    cr_expect_eq(evidence.reason, VERIFY_REASONS);
    cr_expect_not(evidence.has_licence);
    evidence_free(&evidence);
}

Test(case_evidence, of_an_altered_record_the_place_is_named)
{
    run_sql("DROP TRIGGER record_fixed; UPDATE record SET bytes = substr(bytes, 1, length(bytes) - 1) ||"
            " CASE substr(bytes, -1) WHEN x'00' THEN x'01' ELSE x'00' END WHERE class = 2 AND seq = 180");
    struct evidence evidence = evidence_of(1);
    cr_expect(evidence.track.records == 121 && evidence.track.good == 120);
    cr_expect_eq(evidence.reason, VERIFY_BAD_SIGNATURE);
    cr_expect_eq(evidence.reason_seq, 180);
    cr_expect_eq(evidence.reason_chain.cls, BW_RECORD_TRACK);
    evidence_free(&evidence);
}

Test(case_evidence, a_record_that_is_gone_is_missed)
{
    run_sql("DELETE FROM record WHERE class = 2 AND seq BETWEEN 180 AND 184");
    struct evidence evidence = evidence_of(1);
    cr_expect(evidence.track.records == 116 && evidence.track.good == 116 && evidence.track.missing == 5);
    cr_expect_eq(evidence.reason, VERIFY_MISSING);
    cr_expect_eq(evidence.reason_seq, 180);
    cr_expect_eq(evidence.n_fixes, 116);
    evidence_free(&evidence);
    run_sql("DELETE FROM record WHERE class = 1 AND seq = 2");
    evidence = evidence_of(1);
    cr_expect(evidence.alert.records == 1 && evidence.alert.good == 1 && evidence.alert.missing == 1);
    evidence_free(&evidence);
}

Test(case_evidence, a_record_that_was_put_in_another_s_place_is_not_good)
{
    run_sql(
        "DROP TRIGGER record_fixed; UPDATE record SET bytes = (SELECT bytes FROM record WHERE class = 2 AND"
        " seq = 150) WHERE class = 2 AND seq = 180");
    struct evidence evidence = evidence_of(1);
    cr_expect_eq(evidence.reason, VERIFY_MISPLACED);
    cr_expect_eq(evidence.reason_seq, 180);
    evidence_free(&evidence);
}

Test(case_evidence, the_neighbours_of_an_excerpt_are_looked_at)
{
    const struct store_chain_id chain = {.stream = {1}, .cls = BW_RECORD_TRACK};
    struct excerpt excerpt;
    cr_assert_eq(excerpt_verify(evidence_store, "bus-a", &chain, 10, 20, &excerpt), 0);
    cr_expect(excerpt.records == 11 && excerpt.good == 11 && excerpt.before && excerpt.after);
    cr_assert_eq(excerpt_verify(evidence_store, "bus-a", &chain, 1, 360, &excerpt), 0);
    cr_expect(excerpt.good == 360 && excerpt.before && !excerpt.after, "nothing came after it yet");
    cr_assert_eq(excerpt_verify(evidence_store, "bus-a", &chain, 359, 365, &excerpt), 0);
    cr_expect(excerpt.good == 2 && excerpt.missing == 5);
    run_sql("DELETE FROM record WHERE class = 2 AND seq IN (9, 21)");
    cr_assert_eq(excerpt_verify(evidence_store, "bus-a", &chain, 10, 20, &excerpt), 0);
    cr_expect(excerpt.good == 11 && !excerpt.before && !excerpt.after);
    cr_expect_eq(excerpt_verify(evidence_store, "bus-a", &chain, 1, EXCERPT_RECORDS_MAX + 1, &excerpt),
                 -E2BIG);
    cr_expect_eq(excerpt_verify(evidence_store, "bus-a", &chain, 0, 1, &excerpt), -E2BIG);
    cr_expect_eq(excerpt_verify(evidence_store, "bus-a", &chain, 2, 1, &excerpt), -E2BIG);
}

static void issue(uint64_t version, int64_t issued_utc_ms, uint16_t capacity)
{
    struct bw_licence licence = {.vehicle_id = "bus-a",
                                 .division = "331023",
                                 .plate = "浙J12345",
                                 .version = version,
                                 .issued_utc_ms = issued_utc_ms,
                                 .vehicle_class = BW_CLASS_MEDIUM,
                                 .seats = 19,
                                 .approved_capacity = capacity,
                                 .utc_offset_min = 480};
    struct wire_sealed sealed = {0};
    struct wire_bytes bytes = {0};
    cr_assert_eq(wire_licence_encode(&licence, &sealed.payload), 0);
    cr_assert_eq(wire_sealed_encode(&sealed, &bytes), 0);
    cr_assert_eq(store_issued_put(evidence_store, ISSUED_LICENCE, "bus-a", version, bytes.data, bytes.len),
                 0);
    wire_sealed_free(&sealed);
    wire_bytes_free(&bytes);
}

static int gather_version(void *context, const struct store_case *row)
{
    return evidence_gather(evidence_store, row, 5, context);
}

Test(case_evidence, the_licence_is_that_of_the_time_or_the_one_that_the_alert_names)
{
    issue(2, evidence_utc_ms - 1000, 17);
    issue(3, evidence_utc_ms, 18);
    issue(5, evidence_utc_ms + 1000, 19);
    struct evidence evidence = evidence_of(1);
    cr_expect(evidence.has_licence && evidence.licence.version == 3 &&
              evidence.licence.approved_capacity == 18);
    evidence_free(&evidence);
    cr_assert_eq(store_case(evidence_store, 1, NULL, gather_version, &evidence), 0);
    cr_expect(evidence.has_licence && evidence.licence.version == 5);
    evidence_free(&evidence);
}

Test(case_evidence, a_case_without_a_vehicle_has_none)
{
    const struct store_case_opening opening = {.kind = CASE_SIGHTING,
                                               .source = CASE_BY_SIGHTING,
                                               .subject = "plate:浙JX9999",
                                               .vehicle = "",
                                               .severity = BW_SERIOUS,
                                               .happened_utc_ms = evidence_utc_ms,
                                               .utc_ms = evidence_utc_ms,
                                               .who = "gate"};
    int64_t id;
    bool opened;
    cr_assert_eq(store_case_open(evidence_store, &CASE_POLICY_DEFAULT, &opening, &id, &opened), 0);
    struct evidence evidence = evidence_of(id);
    cr_expect(evidence.n_fixes == 0 && evidence.track.records == 0 && !evidence.has_licence);
    evidence_free(&evidence);
}
