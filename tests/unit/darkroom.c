/* What becomes of a picture when the process that decodes it is killed: for its own sake, or for ours. */
#include "bureau/sightings/darkroom.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char program[64] = "/tmp/buswarden-darkroom-XXXXXX";

/* A program that does this instead of decoding. */
static void write_program(const char *script)
{
    const int fd = mkstemp(program);
    cr_assert_geq(fd, 0);
    FILE *file = fdopen(fd, "w");
    cr_assert_not_null(file);
    cr_assert_geq(fprintf(file, "#!/bin/sh\n%s\n", script), 0);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(program, 0700), 0);
}

static void remove_program(void)
{
    (void)unlink(program);
}

static bool at_once(void *context)
{
    (void)context;
    return true;
}

static enum darkroom_state develop(bool (*cancelled)(void *))
{
    struct darkroom_job job = {.bytes = (const uint8_t *)"x", .len = 1};
    darkroom_develop_now(program, &job, cancelled, NULL);
    return job.state;
}

TestSuite(darkroom, .fini = remove_program);

Test(darkroom, a_picture_in_work_when_the_bureau_stops_was_not_refused)
{
    write_program("exec /bin/sleep 60");
    cr_expect_eq(develop(at_once), DARKROOM_FAILED, "it can be sent again");
}

Test(darkroom, a_picture_that_kills_its_process_is_refused)
{
    write_program("kill -KILL $$");
    cr_expect_eq(develop(NULL), DARKROOM_REFUSED);
}

Test(darkroom, a_process_that_fails_is_no_fault_of_the_picture)
{
    write_program("exit 3");
    cr_expect_eq(develop(NULL), DARKROOM_FAILED);
}
