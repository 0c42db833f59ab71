/* A bureau's store as the way in makes it: records of two vehicles that a batch has verified and committed.
 */
#ifndef BUSWARDEN_FIXTURE_EVIDENCE_H
#define BUSWARDEN_FIXTURE_EVIDENCE_H

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bureau/ingest/batch.h"
#include "proto/seal.h"

static char evidence_dir[] = "/tmp/buswarden-verify-XXXXXX";
static char evidence_path[64];
static struct store *evidence_store;
static struct batch *evidence_batch;
static struct vehicles *evidence_vehicles;
static struct seal_key key_a, key_b;
static const int64_t evidence_utc_ms = 1789000000000;
static int64_t evidence_mono_ms = 1000000;

/* A vehicle's own sequence of records in one class. */
struct sender {
    const char *vehicle;
    const struct seal_key *key;
    uint8_t stream;
    enum bw_record_class cls;
    uint64_t seq;
    uint8_t head[BW_HASH_LEN];
};

static struct wire_body alert_of(uint64_t number, enum bw_phase phase)
{
    return (struct wire_body){.type = WIRE_BODY_ALERT,
                              .u.alert = {.kind = BW_OVERLOAD,
                                          .phase = phase,
                                          .severity = BW_MINOR,
                                          .number = number,
                                          .time_utc_ms = evidence_utc_ms + phase * 1000,
                                          .raised_utc_ms = evidence_utc_ms,
                                          .occupancy = {BW_QUALITY_GOOD, 20, 20, 20},
                                          .evidence.overload = {.aboard = 20, .capacity = 18}}};
}

static inline struct wire_body track_of(uint64_t number)
{
    return (struct wire_body){
        .type = WIRE_BODY_TRACK,
        .u.track = {.n = 1,
                    .fixes = {{.utc_ms = evidence_utc_ms + (int64_t)number * 10000, .lat_deg = 29.14}}}};
}

/* The sender's next record, sealed and not sent. */
static void evidence_make(struct sender *sender, const struct wire_body *body, struct wire_record *ret)
{
    struct wire_bytes encoded;
    cr_assert_eq(wire_body_encode(body, &encoded), 0);
    *ret = (struct wire_record){.stream = {sender->stream}, .cls = sender->cls, .seq = ++sender->seq};
    memcpy(ret->prev, sender->head, BW_HASH_LEN);
    memcpy(ret->body, encoded.data, encoded.len);
    ret->body_len = encoded.len;
    wire_bytes_free(&encoded);
    seal_record_sign(ret, "331023", sender->vehicle, sender->key);
    seal_record_hash(ret, "331023", sender->vehicle, sender->head);
}

static struct batch_item *evidence_item(const char *vehicle, enum topic_channel channel)
{
    struct batch_item *item = batch_next(evidence_batch);
    *item = (struct batch_item){.topic = {.division = "331023", .channel = channel}};
    (void)snprintf(item->topic.vehicle, sizeof item->topic.vehicle, "%s", vehicle);
    return item;
}

static void evidence_send(const struct sender *sender, const struct wire_record *record)
{
    struct batch_item *item =
        evidence_item(sender->vehicle, sender->cls == BW_RECORD_ALERT ? TOPIC_ALERT : TOPIC_TRACK);
    item->record = *record;
    cr_assert_eq(judge_body(record, &item->body), 0);
    cr_assert_eq(wire_record_encode(record, &item->bytes), 0);
    batch_keep(evidence_batch);
}

static void evidence_say(struct sender *sender, struct wire_body body)
{
    struct wire_record record;
    evidence_make(sender, &body, &record);
    evidence_send(sender, &record);
}

static inline void evidence_presence(const char *vehicle, uint8_t stream, uint64_t alert_oldest,
                                     uint64_t track_oldest)
{
    struct batch_item *item = evidence_item(vehicle, TOPIC_PRESENCE);
    item->presence = (struct bw_presence){.online = true,
                                          .time_utc_ms = evidence_utc_ms,
                                          .stream = {stream},
                                          .oldest_seq = {alert_oldest, track_oldest},
                                          .next_seq = {alert_oldest, track_oldest}};
    batch_keep(evidence_batch);
}

/* What became of everything that was sent since. */
static inline struct batch_outcome evidence_commit(void)
{
    struct batch_outcome outcome;
    cr_assert_eq(batch_apply(evidence_batch, evidence_store, evidence_vehicles, evidence_mono_ms,
                             evidence_utc_ms, &outcome),
                 0, "%s", outcome.reason);
    batch_clear(evidence_batch);
    return outcome;
}

/* The registry of tests/data, bus-a and bus-b with their keys, and no record. */
static void evidence_open(void)
{
    struct registry *registry = NULL;
    struct registry_faults faults;
    cr_assert_eq(seal_init(), 0);
    cr_assert_not_null(mkdtemp(evidence_dir));
    (void)snprintf(evidence_path, sizeof evidence_path, "%s/bureau.db", evidence_dir);
    cr_assert_eq(store_open(evidence_path, &evidence_store), 0);
    cr_assert_eq(registry_load("tests/data/registry", &registry, &faults), 0);
    registry_faults_free(&faults);
    cr_assert_eq(store_registry_replace(evidence_store, registry), 0, "%s", store_error(evidence_store));
    registry_free(registry);
    seal_key_generate(&key_a);
    seal_key_generate(&key_b);
    cr_assert_eq(store_vehicle_key_set(evidence_store, "bus-a", key_a.public_key), 0);
    cr_assert_eq(store_vehicle_key_set(evidence_store, "bus-b", key_b.public_key), 0);
    cr_assert_eq(batch_create(64, &CASE_POLICY_DEFAULT, &evidence_batch), 0);
    cr_assert_eq(vehicles_create(&evidence_vehicles), 0);
}

static void evidence_close(void)
{
    char command[96];
    batch_free(evidence_batch);
    vehicles_free(evidence_vehicles);
    store_close(evidence_store);
    (void)snprintf(command, sizeof command, "rm -r %s", evidence_dir);
    cr_assert_eq(system(command), 0);
}

#endif
