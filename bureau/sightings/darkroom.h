/* Where pictures from outside are decoded: each in a process of its own that can do nothing else (sandbox.h)
 * and is killed after DARKROOM_TIMEOUT_MS. A picture made to take over who decodes it reaches nothing.
 *
 * One thread, one picture at a time, so that a flood of them takes one processor and half a gigabyte at most.
 */
#ifndef BUSWARDEN_DARKROOM_H
#define BUSWARDEN_DARKROOM_H

#include "bureau/sightings/picture.h"
#include "bureau/worker/worker.h"

enum {
    DARKROOM_JOBS_MAX = 8, /* waiting */
    DARKROOM_TIMEOUT_MS = 20000,
    DARKROOM_REASON_MAX = 128,
};

/* The process itself: a JPEG on standard input, at most PICTURE_BYTES_MAX; a JPEG on standard output and
 * "WIDTHxHEIGHT" on standard error, and 0; or the reason on standard error, and -EINVAL, -EFBIG or -ENOMEM
 * (picture.h), or whatever kept it from entering the sandbox. */
int darkroom_process(void);

enum darkroom_state { DARKROOM_NONE, DARKROOM_WAITS, DARKROOM_READY, DARKROOM_REFUSED, DARKROOM_FAILED };

/* Zeroed by its owner, and as long-lived as DARKROOM_WAITS. */
struct darkroom_job {
    struct worker_job queued;
    enum darkroom_state state;
    const uint8_t *bytes; /* borrowed */
    size_t len;
    struct picture picture;           /* READY: picture_free() it */
    char reason[DARKROOM_REASON_MAX]; /* REFUSED: of the picture; FAILED: our own trouble */
    void (*done)(void *context);      /* on the darkroom's thread; the job may be gone when it returns */
    void *context;
};

struct darkroom;
/* program: started as `program photo`, which must call darkroom_process(); borrowed. -ENOMEM. */
int darkroom_create(const char *program, struct darkroom **ret);
int darkroom_start(struct darkroom *darkroom);
/* The picture in work is given up, those that wait FAILED. */
void darkroom_stop(struct darkroom *darkroom);
void darkroom_destroy(struct darkroom *darkroom); /* NULL is fine */

/* From any thread. before() is called first, when it is certain that done() will be. -EBUSY:
 * DARKROOM_JOBS_MAX wait; -ESHUTDOWN: stopped. */
int darkroom_develop(struct darkroom *darkroom, struct darkroom_job *job, void (*before)(void *context));

/* One picture, here and now, on this thread. `cancelled` (may be NULL) is looked at ten times a second. */
void darkroom_develop_now(const char *program, struct darkroom_job *job, bool (*cancelled)(void *),
                          void *context);

#endif
