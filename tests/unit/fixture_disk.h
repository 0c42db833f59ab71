/* A disk in memory under SQLite, as its default VFS, that fails on cue and whose power can be cut.
 *
 * Counted are the calls that change it: open that creates, write, truncate, sync, delete, growth of the
 * shared memory. What was not synced is lost, kept or mixed, sector by sector, when the power is cut. One
 * thread. */
#ifndef FIXTURE_DISK_H
#define FIXTURE_DISK_H

#include <stdbool.h>
#include <stdint.h>

enum disk_fault {
    DISK_WELL,
    DISK_EIO_ONCE, /* that call alone */
    DISK_EIO,      /* that call and all after it */
    DISK_FULL_ONCE,
    DISK_FULL,
    DISK_SHORT, /* that write gets half-way, then all of them fail */
    DISK_DEAD,  /* the power is gone: nothing after it has an effect, disk_power_cut() says what is found */
};

enum disk_loss { DISK_LOSES_ALL, DISK_LOSES_NOTHING, DISK_LOSES_SOME };

void disk_install(void); /* SQLite's default from now on */
void disk_reset(void);   /* empty and well; every file must be closed */
/* The call `at` from now on (1, 2, ...) has this fault. */
void disk_plan(enum disk_fault fault, unsigned at);
void disk_mend(void);
void disk_unreadable(bool unreadable);      /* every read fails; no call is counted */
void disk_unreadable_from(unsigned offset); /* ... that begins there or later in its file */
bool disk_struck(void);                     /* the planned fault came */
unsigned disk_calls(void);                  /* since disk_plan() */
/* What is found when the power is back. Every file must be closed. */
void disk_power_cut(enum disk_loss loss, uint32_t seed);

#endif
