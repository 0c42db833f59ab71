#include "bureau/verify/verify.h"

#include "bureau/ingest/judge.h"
#include "bureau/store/retention.h"
#include "bureau/verify/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PROGRESS_RECORDS = 1024 };

int walk_report(struct walk *walk, struct verify_finding finding)
{
    finding.vehicle = walk->vehicle;
    if (finding.last_seq == 0)
        finding.last_seq = finding.seq;
    if (finding.other == NULL)
        finding.other = "";
    if (finding.reason == VERIFY_NOT_HELD)
        walk->totals.not_held++;
    else if (finding.reason == VERIFY_PURGED)
        walk->totals.purged += finding.last_seq - finding.seq + 1;
    else
        walk->totals.findings++;
    if (walk->options->on_finding == NULL)
        return 0;
    return walk->options->on_finding(walk->options->context, &finding);
}

bool walk_signed_by(const char *vehicle, const struct wire_record *record, const struct store_signer *signer)
{
    return seal_record_verify(record, signer->division, vehicle, signer->key);
}

/* About records of the present chain. */
static int report(struct walk *walk, enum verify_reason reason, uint64_t first_seq, uint64_t last_seq)
{
    return walk_report(walk,
                       (struct verify_finding){
                           .reason = reason, .chain = walk->chain, .seq = first_seq, .last_seq = last_seq});
}

/* --- whose record it is --- */

/* A record, and the keys that are tried on it. */
struct search {
    const struct wire_record *record;
    struct store_signer by; /* division: that of keys which come without one; then the one that fits */
    char vehicle[BW_ID_LEN];
};

static int try_key(void *context, const char *vehicle, const char *division, const uint8_t *key)
{
    struct search *search = context;
    struct store_signer by = search->by;
    if (division[0] != '\0' && strlen(division) < sizeof by.division)
        memcpy(by.division, division, strlen(division) + 1);
    memcpy(by.key, key, sizeof by.key);
    if (strlen(vehicle) >= sizeof search->vehicle || !walk_signed_by(vehicle, search->record, &by))
        return 0;
    search->by = by;
    memcpy(search->vehicle, vehicle, strlen(vehicle) + 1);
    return 1;
}

/* 1 and *ret_by when a key that was enrolled for the vehicle has signed it, here or in the county where the
 * vehicle is registered now. */
static int own_key(struct walk *walk, const struct wire_record *record, struct store_signer *ret_by)
{
    struct search search = {.record = record};
    int rc = 0;
    if (walk->signers.n > 0) {
        search.by = *judge_signer(&walk->signers, record->seq);
        rc = store_vehicle_keys(walk->store, walk->vehicle, try_key, &search);
    }
    if (rc == 0 && store_vehicle_division(walk->store, walk->vehicle, search.by.division) == 0)
        rc = store_vehicle_keys(walk->store, walk->vehicle, try_key, &search);
    if (rc == 1)
        *ret_by = search.by;
    return rc;
}

static bool belongs(const struct walk *walk, const struct wire_record *record, uint64_t seq)
{
    return memcmp(record->stream, walk->chain.stream, BW_STREAM_LEN) == 0 && record->cls == walk->chain.cls &&
           record->seq == seq;
}

/* The reason for a record that the signer in force has not signed for this place. */
static int find_owner(struct walk *walk, const struct wire_record *record, uint64_t seq,
                      char other[BW_ID_LEN], enum verify_reason *ret)
{
    struct search search = {.record = record};
    struct store_signer by;
    int rc = store_stream_keys(walk->store, record->stream, try_key, &search);
    if (rc == 1 && strcmp(search.vehicle, walk->vehicle) != 0) {
        memcpy(other, search.vehicle, sizeof search.vehicle);
        *ret = VERIFY_FOREIGN;
        return 0;
    }
    if (rc == 0)
        rc = own_key(walk, record, &by);
    if (rc < 0)
        return rc;
    if (rc == 0)
        *ret = VERIFY_BAD_SIGNATURE;
    else
        *ret = belongs(walk, record, seq) ? VERIFY_WRONG_KEY : VERIFY_MISPLACED;
    return 0;
}

/* The signer's row may be what was altered, not the records: true when another key of the vehicle fits and
 * the row's own could never have been right. The row is then mended for the rest of the walk. */
static int mend_signer(struct walk *walk, const struct wire_record *record, bool *ret_mended)
{
    struct store_signer by;
    int rc = own_key(walk, record, &by);
    *ret_mended = false;
    if (rc != 1)
        return rc;
    if (walk->signers.n == 0) {
        by.from_seq = 1;
        walk->signers = (struct store_signers){.n = 1, .of = {by}};
        *ret_mended = true;
        return report(walk, VERIFY_SIGNER, 1, 1);
    }
    struct store_signer *row =
        &walk->signers.of[judge_signer(&walk->signers, record->seq) - walk->signers.of];
    const int known = store_vehicle_key_known(walk->store, walk->vehicle, row->key);
    if (known < 0 || (known == 1 && strcmp(row->division, by.division) == 0))
        return known < 0 ? known : 0;
    by.from_seq = row->from_seq;
    *row = by;
    *ret_mended = true;
    return known == 1 ? report(walk, VERIFY_SIGNER, by.from_seq, by.from_seq) : 0; /* else reported already */
}

/* --- who signs, and why --- */

static uint64_t change_from(const struct walk *walk, const struct walk_change *change)
{
    return walk->chain.cls == BW_RECORD_ALERT ? change->alert_from : change->track_from;
}

/* The change must stand in the table of signers; if not, it is put into it for the rest of the walk. */
static int expect_signer(struct walk *walk, const struct walk_change *change)
{
    struct store_signers *signers = &walk->signers;
    const uint64_t from_seq = change_from(walk, change);
    size_t at = 0;
    while (at < signers->n && signers->of[at].from_seq < from_seq)
        at++;
    if (at < signers->n && signers->of[at].from_seq == from_seq &&
        memcmp(signers->of[at].key, change->key, BW_PUBLIC_KEY_LEN) == 0)
        return 0;
    if (signers->n < STORE_SIGNERS_MAX && (at == signers->n || signers->of[at].from_seq != from_seq)) {
        memmove(&signers->of[at + 1], &signers->of[at], (signers->n - at) * sizeof signers->of[0]);
        signers->n++;
    } else if (at == signers->n) {
        return report(walk, VERIFY_SIGNER, from_seq, from_seq);
    }
    struct store_signer *signer = &signers->of[at];
    *signer = (struct store_signer){.from_seq = from_seq};
    memcpy(signer->key, change->key, sizeof signer->key);
    memcpy(signer->division, change->division, sizeof signer->division);
    return report(walk, VERIFY_SIGNER, from_seq, from_seq);
}

/* A change of which the table says nothing was not taken by ingest, or the table was altered. It is the
 * latter when the new key has signed this record all the same: then it counts. */
static int settle_doubt(struct walk *walk, const struct wire_record *record, bool *ret_counts)
{
    const struct walk_change *change = &walk->doubtful;
    struct store_signer by = {0};
    memcpy(by.division, change->division, sizeof by.division);
    memcpy(by.key, change->key, sizeof by.key);
    *ret_counts = change->alert_from > 0 && change_from(walk, change) <= record->seq &&
                  walk->n_changes < STORE_SIGNERS_MAX && walk_signed_by(walk->vehicle, record, &by);
    if (!*ret_counts)
        return 0;
    struct walk_change *counts = &walk->changes[walk->n_changes++];
    *counts = *change;
    walk->doubtful.alert_from = 0;
    return expect_signer(walk, counts);
}

/* --- one record --- */

/* VERIFY_REASONS for a good one. */
static int judge_row(struct walk *walk, const struct store_record *row, struct wire_record *ret_record,
                     char other[BW_ID_LEN], enum verify_reason *ret)
{
    const int error = wire_record_decode(row->bytes, row->len, ret_record);
    *ret = error == 0 ? VERIFY_REASONS : VERIFY_UNREADABLE;
    if (error != 0)
        return error == -ENOMEM ? error : 0;
    if (belongs(walk, ret_record, row->seq)) {
        if (walk->signers.n > 0 &&
            walk_signed_by(walk->vehicle, ret_record, judge_signer(&walk->signers, row->seq)))
            return 0;
        bool good;
        int rc = settle_doubt(walk, ret_record, &good);
        if (rc == 0 && !good)
            rc = mend_signer(walk, ret_record, &good);
        if (rc != 0 || good)
            return rc;
    }
    return find_owner(walk, ret_record, row->seq, other, ret);
}

/* next_seq to last_seq have no record, and no mark of retention. */
static int report_unmarked(struct walk *walk, uint64_t last_seq)
{
    char subject[STORE_HOLE_LEN];
    store_hole_format(walk->vehicle, walk->chain.stream, walk->chain.cls, walk->next_seq, last_seq, subject);
    const int told = store_not_held_told(walk->store, subject);
    if (told < 0)
        return told;
    if (told == 1 && walk->n_resumed < STORE_SIGNERS_MAX)
        walk->resumed[walk->n_resumed++] = last_seq + 1;
    return report(walk, told == 1 ? VERIFY_NOT_HELD : VERIFY_MISSING, walk->next_seq, last_seq);
}

/* No record from next_seq to last_seq. Where retention has left its mark the chain goes on by that; what lies
 * between the marks is reported. */
static int pass_hole(struct walk *walk, uint64_t last_seq)
{
    int rc = 0;
    while (rc == 0 && walk->next_seq <= last_seq) {
        struct store_purge_mark mark;
        rc = store_purge_mark(walk->store, walk->vehicle, &walk->chain, walk->next_seq, &mark);
        if (rc != 0 && rc != -ENOENT)
            return rc;
        const bool marked = rc == 0 && mark.first_seq <= last_seq;
        const uint64_t hole_end = marked ? mark.first_seq - 1 : last_seq;
        rc = 0;
        if (walk->next_seq <= hole_end) {
            rc = report_unmarked(walk, hole_end);
            walk->next_seq = hole_end + 1;
            walk->head_known = false;
        }
        if (rc != 0 || !marked)
            continue;
        rc = report(walk, VERIFY_PURGED, walk->next_seq, mark.last_seq);
        walk->next_seq = mark.last_seq + 1;
        memcpy(walk->head, mark.tail_hash, sizeof walk->head);
        walk->head_known = true;
    }
    return rc;
}

/* A good record takes its place in the chain. */
static int link_record(struct walk *walk, const struct wire_record *record, const struct wire_body *body)
{
    const uint64_t first_seq = judge_first_seq(record, body);
    int rc = first_seq > walk->next_seq ? pass_hole(walk, first_seq - 1) : 0;
    if (rc == 0 && first_seq == walk->next_seq && walk->head_known &&
        memcmp(record->prev, walk->head, BW_HASH_LEN) != 0)
        rc = report(walk, VERIFY_BROKEN_CHAIN, record->seq, record->seq);
    judge_head(record, body, judge_signer(&walk->signers, record->seq)->division, walk->vehicle, walk->head);
    walk->head_known = true;
    walk->next_seq = record->seq + 1;
    return rc;
}

static int find_phase(struct walk *walk, const struct wire_record *record, const struct wire_body *body)
{
    struct wire_bytes encoded = {0};
    const int error = wire_body_encode(body, &encoded);
    if (error != 0)
        return error == -ENOMEM ? error : 0; /* then ingest could not show it either */
    const int held = store_phase_held(walk->store, walk->vehicle, record->stream, body->u.alert.number,
                                      record->seq, encoded.data, encoded.len);
    wire_bytes_free(&encoded);
    if (held != 0)
        return held < 0 ? held : 0;
    /* The same phase may have been said in another stream, and gone with its alert. */
    const int64_t raised_utc_ms = body->u.alert.raised_utc_ms;
    const int purged = store_rows_purged(walk->store, walk->vehicle, STORE_ROWS_ALERTS, raised_utc_ms);
    return purged == 0 ? report(walk, VERIFY_NO_ALERT, record->seq, record->seq) : purged < 0 ? purged : 0;
}

static int find_trip(struct walk *walk, const struct wire_record *record, const struct bw_trip *trip)
{
    const int held = store_trip_held(walk->store, walk->vehicle, trip);
    if (held != 0)
        return held < 0 ? held : 0;
    const int purged = store_rows_purged(walk->store, walk->vehicle, STORE_ROWS_TRIPS, trip->begun_utc_ms);
    return purged == 0 ? report(walk, VERIFY_NO_TRIP, record->seq, record->seq) : purged < 0 ? purged : 0;
}

static int note_change(struct walk *walk, const struct wire_record *record, const struct wire_body *body)
{
    const struct store_signer *signer = judge_signer(&walk->signers, record->seq);
    const struct store_signer *next = judge_signer(&walk->signers, record->seq + 1);
    struct topic topic = {.channel = TOPIC_ALERT};
    memcpy(topic.division, signer->division, sizeof topic.division);
    memcpy(topic.vehicle, walk->vehicle, sizeof topic.vehicle);
    if (walk->n_changes == STORE_SIGNERS_MAX || !judge_key_change(&topic, record, body, signer))
        return 0; /* it changed nothing */
    struct walk_change change = {.alert_from = record->seq + 1, .track_from = body->u.key.track_from};
    memcpy(change.division, topic.division, sizeof change.division);
    memcpy(change.key, body->u.key.new_key, sizeof change.key);
    if (next->from_seq == change.alert_from && memcmp(next->key, change.key, sizeof change.key) == 0)
        walk->changes[walk->n_changes++] = change;
    else
        walk->doubtful = change;
    return 0;
}

static bool has_reason(const struct walk *walk, const struct store_signer *row)
{
    for (size_t i = 0; i < walk->n_changes; i++)
        if (change_from(walk, &walk->changes[i]) == row->from_seq &&
            memcmp(walk->changes[i].key, row->key, BW_PUBLIC_KEY_LEN) == 0)
            return true;
    for (size_t i = 0; i < walk->n_resumed; i++)
        if (walk->resumed[i] == row->from_seq)
            return true;
    return false;
}

/* Nobody but a change of key, or the end of a hole, lets another key sign. */
static int check_reasons(struct walk *walk)
{
    int rc = 0;
    for (size_t i = 1; i < walk->signers.n && rc == 0; i++) {
        const struct store_signer *row = &walk->signers.of[i];
        if (!has_reason(walk, row))
            rc = report(walk, VERIFY_SIGNER, row->from_seq, row->from_seq);
    }
    return rc;
}

/* A bad row stands in the place of a record, unless it lies where none was expected. What comes after it
 * cannot be compared with it. */
static void pass_bad(struct walk *walk, uint64_t seq)
{
    if (seq != walk->next_seq || (walk->stored.next_seq != 0 && seq >= walk->stored.next_seq))
        return;
    walk->next_seq = seq + 1;
    walk->head_known = false;
}

static int take_record(void *context, const struct store_record *row)
{
    struct walk *walk = context;
    struct wire_record record;
    struct wire_body body;
    char other[BW_ID_LEN] = "";
    enum verify_reason reason;
    int rc = 0;
    if (++walk->totals.records % PROGRESS_RECORDS == 0 && walk->options->on_progress != NULL)
        rc = walk->options->on_progress(walk->options->context, &walk->totals);
    if (rc == 0)
        rc = judge_row(walk, row, &record, other, &reason);
    if (rc != 0)
        return rc;
    if (reason != VERIFY_REASONS) {
        pass_bad(walk, row->seq);
        return walk_report(
            walk,
            (struct verify_finding){.reason = reason, .chain = walk->chain, .seq = row->seq, .other = other});
    }
    rc = judge_body(&record, &body);
    if (rc == 0)
        rc = link_record(walk, &record, &body);
    if (rc == 0 && body.type == WIRE_BODY_ALERT)
        rc = find_phase(walk, &record, &body);
    if (rc == 0 && body.type == WIRE_BODY_TRIP)
        rc = find_trip(walk, &record, &body.u.trip);
    if (rc == 0 && body.type == WIRE_BODY_KEY)
        rc = note_change(walk, &record, &body);
    return rc;
}

/* --- one chain --- */

static int begin_chain(struct walk *walk)
{
    walk->next_seq = 1;
    memset(walk->head, 0, sizeof walk->head);
    walk->head_known = true;
    walk->stored = (struct store_chain){0};
    int rc = store_chain_get(walk->store, walk->vehicle, walk->chain.stream, walk->chain.cls, &walk->stored);
    if (rc == 0 || rc == -ENOENT)
        rc = store_signers(walk->store, walk->vehicle, walk->chain.stream, walk->chain.cls, &walk->signers);
    walk->stray = rc == 0 && walk->stored.next_seq == 0 && walk->signers.n == 0;
    walk->n_resumed = 0;
    if (walk->chain.cls == BW_RECORD_ALERT || memcmp(walk->stream, walk->chain.stream, BW_STREAM_LEN) != 0) {
        memcpy(walk->stream, walk->chain.stream, BW_STREAM_LEN);
        walk->n_changes = 0;
        walk->doubtful.alert_from = 0;
    }
    return rc;
}

static int check_signers(struct walk *walk)
{
    int rc = 0;
    for (size_t i = 0; i < walk->signers.n && rc == 0; i++) {
        const struct store_signer *row = &walk->signers.of[i];
        const int known = store_vehicle_key_known(walk->store, walk->vehicle, row->key);
        if (known < 0)
            return known;
        if (known == 0 || (i == 0 && row->from_seq != 1))
            rc = report(walk, VERIFY_SIGNER, row->from_seq, row->from_seq);
    }
    const bool begun = walk->signers.n > 0; /* else the first record tells */
    for (size_t i = 0; i < walk->n_changes && rc == 0 && begun; i++)
        if (i + 1 == walk->n_changes || /* else no record came between them */
            change_from(walk, &walk->changes[i]) != change_from(walk, &walk->changes[i + 1]))
            rc = expect_signer(walk, &walk->changes[i]);
    return rc;
}

/* What retention deleted at the end of the chain, after its last record. */
static int pass_purged_end(struct walk *walk)
{
    struct store_purge_mark mark;
    if (walk->stored.next_seq <= walk->next_seq)
        return 0;
    const int rc = store_purge_mark(walk->store, walk->vehicle, &walk->chain, walk->next_seq, &mark);
    if (rc != 0)
        return rc == -ENOENT ? 0 : rc;
    const uint64_t last_seq =
        mark.last_seq < walk->stored.next_seq ? mark.last_seq : walk->stored.next_seq - 1;
    return pass_hole(walk, last_seq);
}

/* The end of the chain against the row that says how far it goes. */
static int check_end(struct walk *walk)
{
    const uint64_t next_seq = walk->next_seq, stored = walk->stored.next_seq;
    if (walk->stray && walk->signers.n == 0)
        return 0; /* each of its rows was reported */
    if (stored == 0 && next_seq == 1 && walk->n_changes > 0)
        return 0; /* a change of key named its signer before there was a record */
    if (stored > next_seq)
        return report(walk, VERIFY_MISSING, next_seq, stored - 1);
    if (stored < next_seq)
        return report(walk, VERIFY_CHAIN, stored == 0 ? 1 : stored, stored == 0 ? 1 : stored);
    if (!walk->stored.head_known ||
        (walk->head_known && memcmp(walk->stored.head, walk->head, BW_HASH_LEN) != 0))
        return report(walk, VERIFY_CHAIN, next_seq - 1, next_seq - 1);
    return 0;
}

/* What the vehicle itself said last of this chain. Not signed, but it has no reason to give up records. */
static int check_presence(struct walk *walk, uint64_t next_seq)
{
    const struct bw_presence *presence = &walk->presence;
    const enum bw_record_class cls = walk->chain.cls;
    if (cls < BW_RECORD_ALERT || cls > BW_RECORD_TRACK ||
        memcmp(presence->stream, walk->chain.stream, BW_STREAM_LEN) != 0)
        return 0;
    walk->named[cls - 1] = true;
    const uint64_t oldest_seq = presence->oldest_seq[cls - 1];
    return oldest_seq > next_seq ? report(walk, VERIFY_RECEIPTED, next_seq, oldest_seq - 1) : 0;
}

/* The chains that it names and of which nothing is there. */
static int check_named(struct walk *walk)
{
    int rc = 0;
    for (int cls = BW_RECORD_ALERT; cls <= BW_RECORD_TRACK && rc == 0; cls++) {
        if (walk->named[cls - 1])
            continue;
        walk->chain.cls = (enum bw_record_class)cls;
        memcpy(walk->chain.stream, walk->presence.stream, BW_STREAM_LEN);
        rc = check_presence(walk, 1);
    }
    return rc;
}

static int tell_head(struct walk *walk)
{
    if (!walk->head_known || walk->next_seq == 1 || walk->options->on_head == NULL)
        return 0;
    struct verify_head head = {.vehicle = walk->vehicle, .chain = walk->chain, .seq = walk->next_seq - 1};
    memcpy(head.hash, walk->head, sizeof head.hash);
    return walk->options->on_head(walk->options->context, &head);
}

static int walk_chain(struct walk *walk)
{
    walk->totals.chains++;
    int rc = begin_chain(walk);
    if (rc == 0)
        rc = check_signers(walk);
    if (rc == 0)
        rc = store_records(walk->store, walk->vehicle, &walk->chain, take_record, walk);
    if (rc == 0)
        rc = check_reasons(walk);
    if (rc == 0)
        rc = pass_purged_end(walk);
    if (rc == 0)
        rc = check_end(walk);
    if (rc == 0)
        rc = check_presence(walk,
                            walk->stored.next_seq > walk->next_seq ? walk->stored.next_seq : walk->next_seq);
    if (rc == 0)
        rc = tell_head(walk);
    return rc;
}

/* --- one vehicle --- */

static int walk_chains(struct walk *walk)
{
    const struct store_chain_id *after = NULL;
    int rc;
    while ((rc = store_next_chain(walk->store, walk->vehicle, after, &walk->chain)) == 0) {
        rc = walk_chain(walk);
        if (rc != 0)
            return rc;
        after = &walk->chain;
    }
    return rc == -ENOENT ? check_named(walk) : rc;
}

static int walk_vehicle(struct walk *walk)
{
    walk->totals.vehicles++;
    walk->presence = (struct bw_presence){0};
    memset(walk->named, 0, sizeof walk->named);
    int rc = store_presence_get(walk->store, walk->vehicle, &walk->presence);
    if (rc == 0 || rc == -ENOENT || rc == -EBADMSG) /* no evidence: what cannot be read says nothing */
        rc = walk_chains(walk);
    if (rc == 0)
        rc = walk_phases(walk);
    if (rc == 0)
        rc = walk_trips(walk);
    return rc;
}

int verify_store(struct store *store, const struct verify_options *options, struct verify_totals *ret_totals)
{
    struct walk walk = {.store = store, .options = options};
    int rc = 0;
    while (rc == 0) {
        rc = store_begin_reading(store);
        if (rc == 0 && options->vehicle != NULL && strlen(options->vehicle) < sizeof walk.vehicle)
            memcpy(walk.vehicle, options->vehicle, strlen(options->vehicle) + 1);
        else if (rc == 0)
            rc = store_next_vehicle(store, walk.vehicle, walk.vehicle);
        if (rc == 0)
            rc = walk_vehicle(&walk);
        if (rc == 0)
            store_rollback(store);
        if (options->vehicle != NULL)
            break;
    }
    if (rc == -ENOENT && options->vehicle == NULL)
        rc = walk_stray_phases(&walk);
    if (rc == 0)
        store_rollback(store); /* on failure store_close() ends it: store_error() speaks of the last call */
    *ret_totals = walk.totals;
    return rc;
}
