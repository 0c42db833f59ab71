/* The vehicle's memory: a SQLite file of sealed records in two classes.
 *
 * Promise: outbox_append_alert() returns after the record is on disk (WAL, synchronous=FULL). Nothing is
 * removed but by outbox_receipt(), or by eviction of the oldest TRACK records when file or disk are full,
 * which leaves a signed gap record in their place. ALERT is never evicted by TRACK, and a part of the disk is
 * kept free for ALERT: <path>.reserve is given up when an alert finds no room, and until it can be made again
 * every new TRACK takes the place of the oldest. A file that is corrupt, or that holds another vehicle's or
 * another key's records, is renamed aside, and a new one (with a new random stream) is begun. One process at
 * a time has the file: it holds a lock on <path>.lock, which dies with it.
 *
 * Within a class the waiting records are numbered without a hole; only the oldest can be a gap record.
 *
 * One handle per thread; two handles on one file are fine (main thread appends, uplink reads and receipts).
 * All return 0 or a negative errno; outbox_error() has the words. Common to all: -EBADMSG the file was found
 * corrupt, -EREMOTEIO the disk cannot read it, -ENOSPC the disk is full, -EROFS it is read-only, -EBUSY the
 * other handle kept it for 5 s (250 ms for the one that does not attach: in the vehicle somebody waits to be
 * warned), -EIO, -ENOMEM. A failed call has changed nothing. (A disk that fails in the
 * midst of a commit may all the same show the record at the next opening: a record may be said twice, which
 * the bureau knows by its content.) */
#ifndef BUSWARDEN_OUTBOX_H
#define BUSWARDEN_OUTBOX_H

#include "proto/seal.h"
#include "proto/wire.h"

struct outbox;

struct outbox_config {
    const char *path;
    const char *division;
    const char *vehicle;
    const struct seal_key *key;      /* borrowed for the outbox's life, as the next */
    const struct seal_key *next_key; /* to go over to: outbox_change_key(); NULL = none */
    uint64_t max_track_records;      /* limit of class TRACK, 2 or more; 0 = 100000 */
    uint64_t max_alert_records;      /* limit of class ALERT; 0 = 20000; beyond: append fails with -EDQUOT */
    uint64_t reserve_bytes;          /* of the disk, kept for ALERT; 0 = 4 MiB */
    bool attach; /* a second handle: opens what the first has made; never makes a file nor sets one aside */
    bool unreadable_is_corrupt; /* set aside what fails with -EREMOTEIO too */
};

/* ret_set_aside: the file could not be used and now lies beside as <path>.corrupt-N; told also when no new
 * stream could be begun in its place. The newest of at most 16 such files is replaced. The strings of config
 * are copied. -EINVAL for an impossible config; -EALREADY: another process has it; -ENOKEY: the file is in
 * the midst of a change of key, and only one of the two keys is at hand. */
int outbox_open(const struct outbox_config *config, struct outbox **ret, bool *ret_set_aside);
void outbox_close(struct outbox *outbox);
const char *outbox_error(const struct outbox *outbox);
const uint8_t *outbox_stream(const struct outbox *outbox); /* as of this handle's last call */
/* The reserve is gone: the disk is full. As of the last append. */
bool outbox_cramped(const struct outbox *outbox);

/* Seal and store one phase of an alert, and remember it as open (or closed) in the same transaction. */
int outbox_append_alert(struct outbox *outbox, const struct bw_alert *alert, int64_t now_utc_ms);
/* Seal and store a batch of positions; evicts the oldest when file or disk are full. */
int outbox_append_track(struct outbox *outbox, const struct bw_track *track, int64_t now_utc_ms);

/* Seal and store a trip, in class ALERT: it is not to be evicted. Not from the reserve: on a full disk it
 * waits. */
int outbox_append_trip(struct outbox *outbox, const struct bw_trip *trip, int64_t now_utc_ms);

/* Alerts raised and not cleared when the process last ended, so that the engine can go on with them; oldest
 * first. Those of kinds that this build does not know are left alone. -ENOBUFS when there are more than max.
 */
int outbox_open_alerts(struct outbox *outbox, struct bw_alert *ret, size_t max, size_t *ret_n);
/* The number that the next alert object gets. */
int outbox_next_alert_number(struct outbox *outbox, uint64_t *ret);

/* The encoded SignedRecord with the lowest seq >= from_seq, or -ENOENT (also for one that waits for a change
 * of key). -EBADMSG also for one whose signature no longer fits: the bureau would refuse it; when it is the
 * oldest, the next outbox_open() sets the file aside. The caller frees ret. */
int outbox_peek(struct outbox *outbox, enum bw_record_class cls, uint64_t from_seq, uint64_t *ret_seq,
                struct wire_bytes *ret);
/* Remove what the bureau has committed. A receipt for another stream is -ESTALE. -EILSEQ: the bureau holds
 * another past of this stream than this file (a record that was never made here, or with another hash): the
 * file is an old copy that was put back, or the disk lost what it had written. Then nothing is removed, and
 * outbox_begin_stream() is the way on. */
int outbox_receipt(struct outbox *outbox, const struct bw_receipt *receipt);
/* Seal all that waits again in a new stream, in one transaction; alert numbers and open alerts stay. What is
 * damaged, and could never be sent, is left out: ret_left_out so many records. The file as it was lies beside
 * as <path>.forked-N, when the disk has room for it. It takes a while (some 100 us a record), and keeps the
 * other handle out: `progress` is called now and then, and ends it by false: -ECANCELED. */
int outbox_begin_stream(struct outbox *outbox, bool (*progress)(void *context), void *context,
                        uint64_t *ret_left_out);

/* One step from key to next_key; to be called now and then while there is a next_key. The first, which
 * outbox_open() takes already when it can, seals an ALERT record that tells the bureau; what is sealed after
 * it is signed by next_key, and waits until the bureau has the change. What was sealed before it stays as it
 * is, so `key` is needed until that has left. After 16 changes in one stream outbox_open() begins another
 * with the next one, because a chain takes no more than 31: beyond these -EMLINK. 1: the change is over,
 * `key` may be forgotten; 0: not yet. A failure changes nothing. */
int outbox_change_key(struct outbox *outbox);
/* Only looks: 1 when the change is over, 0 when not. */
int outbox_key_changed(struct outbox *outbox);

struct outbox_depth {
    uint64_t records;      /* waiting */
    uint64_t oldest_seq;   /* of those waiting; next_seq when none */
    uint64_t next_seq;     /* next to be made */
    uint64_t evicted;      /* ever */
    int64_t oldest_utc_ms; /* when the oldest waiting was made; 0 when none */
};
int outbox_depth(struct outbox *outbox, enum bw_record_class cls, struct outbox_depth *ret);

#endif
