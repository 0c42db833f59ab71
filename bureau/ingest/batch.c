#include "bureau/ingest/batch.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bureau/store/cases.h"

struct batch {
    uint32_t max;
    const struct case_policy *policy;
    size_t n, n_receipts;
    struct batch_item *items;       /* max */
    struct batch_receipt *receipts; /* max: an item touches one stream at most */
};

int batch_create(uint32_t max, const struct case_policy *policy, struct batch **ret)
{
    if (max == 0 || max > BATCH_MAX)
        return -EINVAL;
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return -ENOMEM;
    batch->max = max;
    batch->policy = policy;
    batch->items = calloc(max, sizeof *batch->items);
    batch->receipts = calloc(max, sizeof *batch->receipts);
    if (batch->items == NULL || batch->receipts == NULL) {
        batch_free(batch);
        return -ENOMEM;
    }
    *ret = batch;
    return 0;
}

void batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    if (batch->items != NULL)
        batch_clear(batch);
    free(batch->items);
    free(batch->receipts);
    free(batch);
}

size_t batch_count(const struct batch *batch)
{
    return batch->n;
}

bool batch_is_full(const struct batch *batch)
{
    return batch->n == batch->max;
}

struct batch_item *batch_next(struct batch *batch)
{
    assert(!batch_is_full(batch));
    return &batch->items[batch->n];
}

void batch_keep(struct batch *batch)
{
    assert(!batch_is_full(batch));
    batch->n++;
}

const struct batch_item *batch_item(const struct batch *batch, size_t index)
{
    assert(index < batch->n);
    return &batch->items[index];
}

size_t batch_receipts(const struct batch *batch, const struct batch_receipt **ret)
{
    *ret = batch->receipts;
    return batch->n_receipts;
}

void batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++)
        wire_bytes_free(&batch->items[i].bytes);
    batch->n = 0;
    batch->n_receipts = 0;
}

/* --- one transaction --- */

struct transaction {
    struct batch *batch;
    struct store *store;
    struct vehicles *vehicles;
    int64_t now_ms, now_utc_ms;
    size_t index; /* of the item at hand */
    struct batch_outcome *outcome;
};

/* A retained message may be days old: the broker repeats it to every new session. 0 = nobody knows. */
static int64_t spoken_utc_ms(const struct bw_presence *presence, bool retained, int64_t now_utc_ms)
{
    const int64_t said = presence->time_utc_ms > 0 ? presence->time_utc_ms : 0;
    return retained && said < now_utc_ms ? said : now_utc_ms;
}

static int take_last_word(void *context, const struct store_vehicle *row)
{
    struct bw_presence *presence = context;
    if (row->seen)
        *presence = row->presence;
    return 0;
}

/* A last will was written before the vehicle had anything to tell. It says that the vehicle is gone; where it
 * was then, stands in the word before it. */
static int complete_will(struct transaction *tx, const char *vehicle, struct bw_presence *presence)
{
    if (presence->online || presence->has_position)
        return 0;
    const int error = store_vehicles(tx->store, NULL, vehicle, take_last_word, presence);
    presence->online = false;
    return error;
}

static int apply_presence(struct transaction *tx, const struct batch_item *item, struct vehicle *vehicle)
{
    struct bw_presence presence = item->presence;
    const int error = complete_will(tx, item->topic.vehicle, &presence);
    if (error != 0)
        return error;
    memcpy(vehicle->stream, presence.stream, BW_STREAM_LEN);
    memcpy(vehicle->oldest_seq, presence.oldest_seq, sizeof vehicle->oldest_seq);
    tx->outcome->counts[VERDICT_PRESENCE]++;
    return store_presence_put(tx->store, item->topic.vehicle, &presence,
                              spoken_utc_ms(&presence, item->retained, tx->now_utc_ms));
}

static int load_chain(struct store *store, const char *vehicle, const uint8_t stream[BW_STREAM_LEN],
                      enum bw_record_class cls, struct store_chain *ret)
{
    const int error = store_chain_get(store, vehicle, stream, cls, ret);
    if (error == -ENOENT)
        *ret = (struct store_chain){.next_seq = 1, .head_known = true};
    return error == -ENOENT ? 0 : error;
}

static void remember_receipt(struct batch *batch, const struct batch_item *item, bool progress)
{
    for (size_t i = batch->n_receipts; i > 0; i--) {
        struct batch_receipt *known = &batch->receipts[i - 1];
        if (memcmp(known->stream, item->record.stream, BW_STREAM_LEN) == 0 &&
            strcmp(known->vehicle, item->topic.vehicle) == 0) {
            known->progress = known->progress || progress;
            return;
        }
    }
    struct batch_receipt *receipt = &batch->receipts[batch->n_receipts++];
    *receipt = (struct batch_receipt){.progress = progress};
    memcpy(receipt->division, item->topic.division, sizeof receipt->division);
    memcpy(receipt->vehicle, item->topic.vehicle, sizeof receipt->vehicle);
    memcpy(receipt->stream, item->record.stream, sizeof receipt->stream);
}

/* A hole in the evidence must never be silent: who looks at the chain later finds out here why it has one. */
static int audit_resumption(struct transaction *tx, const struct batch_item *item, uint64_t expected_seq,
                            uint64_t found_seq)
{
    char subject[STORE_HOLE_LEN];
    store_hole_format(item->topic.vehicle, item->record.stream, item->record.cls, expected_seq, found_seq - 1,
                      subject);
    return store_audit(tx->store, "ingest", "records_not_held", subject, tx->now_utc_ms);
}

static void tell(struct transaction *tx, const struct batch_item *item, const char *what)
{
    (void)snprintf(tx->outcome->reason, sizeof tx->outcome->reason, "%s: %s %" PRIu64 " %s",
                   item->topic.vehicle, topic_channel_name(item->topic.channel), item->record.seq, what);
}

static int refuse(struct transaction *tx, const struct batch_item *item, enum verdict verdict)
{
    tx->outcome->counts[verdict]++;
    tx->batch->items[tx->index].refused = verdict;
    tell(tx, item, verdict_text(verdict));
    return 0;
}

struct former {
    const struct batch_item *item;
    const uint8_t *in_force;
};

static int is_by(void *context, const char *vehicle, const char *division, const uint8_t *key)
{
    const struct former *former = context;
    const struct topic *topic = &former->item->topic;
    (void)vehicle;
    (void)division;
    return memcmp(key, former->in_force, BW_PUBLIC_KEY_LEN) != 0 &&
           seal_record_verify(&former->item->record, topic->division, topic->vehicle, key);
}

/* A vehicle whose key was replaced by hand may still send what the old one signed: that is no forgery, though
 * nothing to be taken. */
static int refuse_signature(struct transaction *tx, const struct batch_item *item,
                            const struct vehicle *vehicle, enum verdict verdict)
{
    struct former former = {.item = item, .in_force = vehicle->judge.key};
    const int rc = store_vehicle_keys(tx->store, vehicle->id, is_by, &former);
    if (rc < 0)
        return rc;
    tx->batch->items[tx->index].by_former_key = rc == 1;
    return refuse(tx, item, verdict);
}

/* Who signs the chain of a record. */
struct signing {
    struct store_signers signers;
    bool begins; /* the last of them is to be kept with the record */
};

/* A vehicle that lost its outbox after the bureau had its new key, and before it knew that, begins the next
 * stream with the same change. 1: so it is. */
static int begins_with_change(struct transaction *tx, const struct batch_item *item,
                              const struct vehicle *vehicle)
{
    const struct bw_key_change *change = &item->body.u.key;
    if (item->body.type != WIRE_BODY_KEY || item->record.seq != 1 ||
        memcmp(change->new_key, vehicle->judge.key, BW_PUBLIC_KEY_LEN) != 0)
        return 0;
    return store_vehicle_key_known(tx->store, vehicle->id, change->old_key);
}

/* What the store says. A chain that begins, or goes on after a hole, does so under the vehicle's newest key:
 * the hole may hide that the key was changed. Any other chain whose newest key is not in force any more has
 * ended: no signer. from_seq: of the record that goes on after a hole; 0 = none does. */
static int load_signing(struct transaction *tx, const struct batch_item *item, const struct vehicle *vehicle,
                        uint64_t from_seq, struct signing *ret)
{
    struct store_signers *signers = &ret->signers;
    ret->begins = false;
    const int error = store_signers(tx->store, vehicle->id, item->record.stream, item->record.cls, signers);
    if (error != 0)
        return error;
    const struct store_signer *last = signers->n > 0 ? &signers->of[signers->n - 1] : NULL;
    if (last != NULL && strcmp(last->division, item->topic.division) == 0 &&
        memcmp(last->key, vehicle->judge.key, BW_PUBLIC_KEY_LEN) == 0)
        return 0;
    if (last != NULL && (from_seq == 0 || signers->n == STORE_SIGNERS_MAX)) {
        signers->n = 0;
        return 0;
    }
    const int former = last == NULL ? begins_with_change(tx, item, vehicle) : 0;
    if (former < 0)
        return former;
    struct store_signer *next = &signers->of[signers->n++];
    *next = (struct store_signer){.from_seq = last == NULL ? 1 : from_seq};
    memcpy(next->division, item->topic.division, sizeof next->division);
    memcpy(next->key, former == 1 ? item->body.u.key.old_key : vehicle->judge.key, sizeof next->key);
    ret->begins = true;
    return 0;
}

static int add_signer(struct transaction *tx, const struct batch_item *item, enum bw_record_class cls,
                      uint64_t from_seq, const uint8_t key[BW_PUBLIC_KEY_LEN])
{
    struct store_signer signer = {.from_seq = from_seq};
    memcpy(signer.division, item->topic.division, sizeof signer.division);
    memcpy(signer.key, key, sizeof signer.key);
    return store_signer_add(tx->store, item->topic.vehicle, item->record.stream, cls, &signer);
}

static int audit_key_change(struct transaction *tx, const struct batch_item *item)
{
    char subject[BW_ID_LEN + 2 * BW_PUBLIC_KEY_LEN + 8], hex[2 * BW_PUBLIC_KEY_LEN + 1];
    seal_public_format(item->body.u.key.new_key, hex);
    (void)snprintf(subject, sizeof subject, "%s to %s", item->topic.vehicle, hex);
    return store_audit(tx->store, "ingest", "key_changed", subject, tx->now_utc_ms);
}

/* A record that was accepted and changes the key: also that of the streams to come. */
static int change_key(struct transaction *tx, const struct batch_item *item, struct vehicle *vehicle,
                      const struct signing *signing)
{
    const struct wire_record *record = &item->record;
    const struct bw_key_change *change = &item->body.u.key;
    struct store_signers tracks;
    struct store_chain track_chain;
    int error = store_signers(tx->store, vehicle->id, record->stream, BW_RECORD_TRACK, &tracks);
    if (error == 0)
        error = load_chain(tx->store, vehicle->id, record->stream, BW_RECORD_TRACK, &track_chain);
    if (error != 0)
        return error;
    const bool fits = signing->signers.n < STORE_SIGNERS_MAX && tracks.n < STORE_SIGNERS_MAX &&
                      track_chain.next_seq <= change->track_from &&
                      (tracks.n == 0 || tracks.of[tracks.n - 1].from_seq <= change->track_from);
    if (!fits ||
        !judge_key_change(&item->topic, record, &item->body, judge_signer(&signing->signers, record->seq))) {
        tx->outcome->unread++;
        tell(tx, item, "changes the key without the right to");
        return 0;
    }
    if (tracks.n == 0 && change->track_from > 1)
        error = add_signer(tx, item, BW_RECORD_TRACK, 1, change->old_key);
    if (error == 0)
        error = add_signer(tx, item, BW_RECORD_TRACK, change->track_from, change->new_key);
    if (error == 0)
        error = add_signer(tx, item, BW_RECORD_ALERT, record->seq + 1, change->new_key);
    if (error == 0)
        error = store_vehicle_key_change(tx->store, vehicle->id, change->new_key);
    if (error == 0)
        error = audit_key_change(tx, item);
    vehicle->loaded_ms = 0; /* read again before the next record is judged */
    return error;
}

static int show_alert(struct transaction *tx, const struct batch_item *item)
{
    int64_t event = 0;
    const struct bw_alert *alert = &item->body.u.alert;
    const char *vehicle = item->topic.vehicle;
    const int error = store_alert_apply(tx->store, vehicle, item->record.stream, item->record.seq, alert,
                                        tx->now_utc_ms, &event);
    if (error != 0 || event == 0)
        return error;
    if (event > tx->outcome->last_event)
        tx->outcome->last_event = event;
    return store_case_on_alert(tx->store, tx->batch->policy, vehicle, alert, event, tx->now_utc_ms);
}

static int keep_record(struct transaction *tx, const struct batch_item *item, const struct signing *signing,
                       const struct store_chain *chain)
{
    const struct wire_record *record = &item->record;
    const char *vehicle = item->topic.vehicle;
    int error = 0;
    if (signing->begins)
        error = store_signer_add(tx->store, vehicle, record->stream, record->cls,
                                 &signing->signers.of[signing->signers.n - 1]);
    if (error == 0)
        error = store_record_add(tx->store, vehicle, record->stream, record->cls, record->seq,
                                 item->bytes.data, item->bytes.len, tx->now_utc_ms);
    if (error == 0)
        error = store_chain_put(tx->store, vehicle, record->stream, record->cls, chain);
    return error;
}

/* What the record says, once it is kept. */
static int apply_body(struct transaction *tx, const struct batch_item *item, struct vehicle *vehicle,
                      const struct signing *signing)
{
    switch (item->body.type) {
    case WIRE_BODY_ALERT:
        return show_alert(tx, item);
    case WIRE_BODY_TRIP:
        return store_trip_apply(tx->store, vehicle->id, item->record.stream, item->record.seq,
                                &item->body.u.trip, tx->now_utc_ms);
    case WIRE_BODY_KEY:
        return change_key(tx, item, vehicle, signing);
    case WIRE_BODY_UNKNOWN:
        tx->outcome->unread++;
        tell(tx, item, "signed, but not understood");
        break;
    case WIRE_BODY_TRACK:
    case WIRE_BODY_GAP:
        break;
    }
    return 0;
}

/* Of a record that is held byte for byte the signature was checked when it came: a vehicle that waits for its
 * receipt sends again, and that must cost little. Who may sign at all is asked of it too. */
static enum verdict signature_of(const struct batch_item *item, const struct judge_link *link,
                                 const struct signing *signing)
{
    if (signing->signers.n > 0 && judge_is_held(link))
        return VERDICT_ACCEPTED;
    return judge_signature_checked(&item->topic, &item->record, &signing->signers, &item->checked);
}

static int apply_record(struct transaction *tx, const struct batch_item *item, struct vehicle *vehicle)
{
    const struct wire_record *record = &item->record;
    struct store_chain chain, resumed, next;
    struct signing signing;
    if (!vehicle->enrolled) /* no longer: it was when the record came */
        return refuse(tx, item, VERDICT_UNKNOWN_VEHICLE);
    int error = load_chain(tx->store, vehicle->id, record->stream, record->cls, &chain);
    if (error != 0)
        return error;
    struct judge_link link = {
        .topic = &item->topic, .record = record, .body = &item->body, .bytes = item->bytes, .chain = &chain};
    if (memcmp(vehicle->stream, record->stream, BW_STREAM_LEN) == 0)
        link.oldest_seq = vehicle->oldest_seq[record->cls - 1];
    const bool resumes = judge_resumes(&link, &resumed);
    error = load_signing(tx, item, vehicle, resumes ? resumed.next_seq : 0, &signing);
    if (error != 0)
        return error;
    if (!resumes && record->seq < chain.next_seq)
        error = store_record_get(tx->store, vehicle->id, record->stream, record->cls, record->seq,
                                 &link.held.data, &link.held.len);
    if (error != 0 && error != -ENOENT)
        return error;
    const enum verdict signature = signature_of(item, &link, &signing);
    if (signature != VERDICT_ACCEPTED) {
        wire_bytes_free(&link.held);
        return refuse_signature(tx, item, vehicle, signature);
    }
    if (resumes) {
        error = audit_resumption(tx, item, chain.next_seq, resumed.next_seq);
        if (error != 0)
            return error;
        link.chain = &resumed;
    }
    const enum verdict verdict = judge_chain(&link, &next);
    wire_bytes_free(&link.held);
    if (verdict == VERDICT_CONFLICT)
        (void)refuse(tx, item, verdict);
    else
        tx->outcome->counts[verdict]++;
    /* Also to a conflict: by the head in it a vehicle finds out that its past is not ours. */
    remember_receipt(tx->batch, item, verdict == VERDICT_ACCEPTED);
    if (verdict != VERDICT_ACCEPTED)
        return 0;
    error = keep_record(tx, item, &signing, &next);
    return error == 0 ? apply_body(tx, item, vehicle, &signing) : error;
}

/* What may change the key is judged by the key that is in force in this transaction: what is remembered may
 * have been revoked or enrolled anew a moment ago, by another process. */
static int get_vehicle(struct transaction *tx, const struct batch_item *item, struct vehicle **ret)
{
    int error = vehicles_get(tx->vehicles, tx->store, item->topic.vehicle, tx->now_ms, ret);
    if (error != 0 || item->topic.channel == TOPIC_PRESENCE || item->body.type != WIRE_BODY_KEY)
        return error;
    (*ret)->loaded_ms = 0;
    return vehicles_get(tx->vehicles, tx->store, item->topic.vehicle, tx->now_ms, ret);
}

static int apply_item(struct transaction *tx, const struct batch_item *item)
{
    struct vehicle *vehicle;
    const int error = get_vehicle(tx, item, &vehicle);
    if (error != 0)
        return error;
    return item->topic.channel == TOPIC_PRESENCE ? apply_presence(tx, item, vehicle)
                                                 : apply_record(tx, item, vehicle);
}

/* Read inside the transaction, after its last record: what is true once it is committed. */
static int fill_receipts(struct transaction *tx)
{
    for (size_t i = 0; i < tx->batch->n_receipts; i++) {
        struct batch_receipt *receipt = &tx->batch->receipts[i];
        for (int cls = BW_RECORD_ALERT; cls <= BW_RECORD_TRACK; cls++) {
            struct store_chain chain;
            const int error =
                load_chain(tx->store, receipt->vehicle, receipt->stream, (enum bw_record_class)cls, &chain);
            if (error != 0)
                return error;
            receipt->upto_seq[cls - 1] = chain.next_seq - 1;
            receipt->has_head[cls - 1] = chain.head_known && chain.next_seq > 1;
            memcpy(receipt->head[cls - 1], chain.head, BW_HASH_LEN);
        }
    }
    return 0;
}

static int run_transaction(struct transaction *tx)
{
    int error = store_begin(tx->store);
    if (error != 0)
        return error;
    for (size_t i = 0; i < tx->batch->n && error == 0; i++) {
        tx->index = i;
        tx->batch->items[i].refused = VERDICT_ACCEPTED;
        tx->batch->items[i].by_former_key = false;
        error = apply_item(tx, &tx->batch->items[i]);
    }
    if (error == 0)
        error = fill_receipts(tx);
    if (error == 0)
        error = store_commit(tx->store);
    return error;
}

int batch_apply(struct batch *batch, struct store *store, struct vehicles *vehicles, int64_t now_ms,
                int64_t now_utc_ms, struct batch_outcome *ret_outcome)
{
    struct batch_outcome outcome = {0};
    struct transaction tx = {.batch = batch,
                             .store = store,
                             .vehicles = vehicles,
                             .now_ms = now_ms,
                             .now_utc_ms = now_utc_ms,
                             .outcome = &outcome};
    const int error = run_transaction(&tx);
    if (error != 0) {
        outcome = (struct batch_outcome){.counts[VERDICT_DROPPED] = batch->n};
        (void)snprintf(outcome.reason, sizeof outcome.reason, "store: %s (%s)", store_error(store),
                       strerror(-error));
        batch->n_receipts = 0;
        vehicles_forget(vehicles); /* keys that were to be changed */
        store_rollback(store);     /* last: store_error() speaks of the last call */
    }
    *ret_outcome = outcome;
    return error;
}
