/* Inside gtfs: texts that become small numbers, 0, 1, 2, ... in the order they come. */
#ifndef BUSWARDEN_GTFS_IDS_H
#define BUSWARDEN_GTFS_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IDS_NONE = -1 };

struct ids {
    size_t n, capacity;    /* of texts */
    char **texts;          /* malloc'd */
    size_t n_slots;        /* a power of two, at least twice n */
    int32_t *slots;        /* number + 1; 0 = free */
    unsigned char key[16]; /* random: no feed can choose ids that collide */
};

/* The number of a text, IDS_NONE when it was never added. */
int32_t ids_find(const struct ids *ids, const char *text);
/* 1: added, 0: it was there, -ENOMEM. */
int ids_add(struct ids *ids, const char *text, int32_t *ret);
void ids_free(struct ids *ids);

#endif
