#include "bureau/ingest/receipts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 8192, NONE = -1 };

struct entry {
    struct batch_receipt receipt;
    int16_t next; /* of its bucket, or of the free ones */
};

struct receipts {
    size_t first, n; /* of `order`, a ring */
    int16_t unused;
    int16_t order[RECEIPTS_MAX];
    int16_t buckets[BUCKETS];
    struct entry entries[RECEIPTS_MAX];
};

_Static_assert(RECEIPTS_MAX <= INT16_MAX, "places are int16_t");

/* FNV-1a; streams are random. */
static int16_t *bucket_of(struct receipts *receipts, const struct batch_receipt *receipt)
{
    uint32_t hash = 2166136261U;
    for (const char *at = receipt->vehicle; *at != '\0'; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619U;
    for (size_t i = 0; i < BW_STREAM_LEN; i++)
        hash = (hash ^ receipt->stream[i]) * 16777619U;
    return &receipts->buckets[hash % BUCKETS];
}

static bool same(const struct batch_receipt *a, const struct batch_receipt *b)
{
    return memcmp(a->stream, b->stream, BW_STREAM_LEN) == 0 && strcmp(a->vehicle, b->vehicle) == 0;
}

void receipts_clear(struct receipts *receipts)
{
    receipts->first = receipts->n = 0;
    receipts->unused = 0;
    for (int i = 0; i < RECEIPTS_MAX; i++)
        receipts->entries[i].next = (int16_t)(i + 1 < RECEIPTS_MAX ? i + 1 : NONE);
    for (size_t i = 0; i < BUCKETS; i++)
        receipts->buckets[i] = NONE;
}

int receipts_create(struct receipts **ret)
{
    struct receipts *receipts = malloc(sizeof *receipts);
    if (receipts == NULL)
        return -ENOMEM;
    receipts_clear(receipts);
    *ret = receipts;
    return 0;
}

void receipts_free(struct receipts *receipts)
{
    free(receipts);
}

size_t receipts_count(const struct receipts *receipts)
{
    return receipts->n;
}

bool receipts_put(struct receipts *receipts, const struct batch_receipt *receipt)
{
    int16_t *bucket = bucket_of(receipts, receipt);
    for (int16_t at = *bucket; at != NONE; at = receipts->entries[at].next) {
        if (!same(&receipts->entries[at].receipt, receipt))
            continue;
        receipts->entries[at].receipt = *receipt;
        return true;
    }
    if (receipts->n == RECEIPTS_MAX)
        return false;
    const int16_t at = receipts->unused;
    struct entry *entry = &receipts->entries[at];
    receipts->unused = entry->next;
    *entry = (struct entry){.receipt = *receipt, .next = *bucket};
    *bucket = at;
    receipts->order[(receipts->first + receipts->n++) % RECEIPTS_MAX] = at;
    return true;
}

bool receipts_take(struct receipts *receipts, struct batch_receipt *ret)
{
    if (receipts->n == 0)
        return false;
    const int16_t at = receipts->order[receipts->first];
    struct entry *entry = &receipts->entries[at];
    int16_t *link = bucket_of(receipts, &entry->receipt);
    receipts->first = (receipts->first + 1) % RECEIPTS_MAX;
    receipts->n--;
    while (*link != at)
        link = &receipts->entries[*link].next;
    *link = entry->next;
    entry->next = receipts->unused;
    receipts->unused = at;
    *ret = entry->receipt;
    return true;
}
