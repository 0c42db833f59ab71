/* Scenarios of the ingest probe: licences and orders go out; the store, ingest or the broker fails. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/integration/ingest_probe.h"

static const char *const newest[ISSUED_KINDS] = {
    [ISSUED_LICENCE] = "licence 7 of bus-b: only its vehicle looks inside",
    [ISSUED_ORDERS] = "orders 5 of bus-b",
};
static const uint64_t newest_version[ISSUED_KINDS] = {[ISSUED_LICENCE] = 7, [ISSUED_ORDERS] = 5};

static int issue(enum issued_kind kind, uint64_t version, const char *sealed)
{
    return store_issued_put(probe.store, kind, "bus-b", version, (const uint8_t *)sealed, strlen(sealed));
}

int issue_newest(void)
{
    int error = 0;
    for (enum issued_kind kind = 0; kind < ISSUED_KINDS && error == 0; kind++)
        error = issue(kind, newest_version[kind], newest[kind]);
    return error;
}

static bool holds(enum issued_kind kind, const char *text)
{
    const struct wire_bytes *bytes = &probe.issued[kind].newest;
    return bytes->len == strlen(text) && memcmp(bytes->data, text, bytes->len) == 0;
}

/* How many licences, and how many orders. */
static bool came(const void *counts)
{
    const size_t *n = counts;
    return probe.issued[ISSUED_LICENCE].n == n[ISSUED_LICENCE] &&
           probe.issued[ISSUED_ORDERS].n == n[ISSUED_ORDERS];
}

static const char *an_old_licence_and_old_orders_are_answered_with_the_newest(void)
{
    static const size_t none[ISSUED_KINDS] = {0, 0}, licence[ISSUED_KINDS] = {1, 0},
                        both[ISSUED_KINDS] = {1, 1};
    struct bw_presence presence = {.online = true, .stream = {12}, .licence_version = 7, .orders_version = 5};
    EXPECT(send_presence("bus-b", &presence)); /* holds the newest */
    EXPECT(settled(1));
    wait_in_silence();
    EXPECT(came(none));
    presence.licence_version = 6;
    EXPECT(send_presence("bus-b", &presence));
    EXPECT(send_presence("bus-b", &presence)); /* not again so soon */
    EXPECT(settled(3));
    EXPECT(wait_for(came, licence));
    wait_in_silence();
    EXPECT(came(licence) && GAINED(issued[ISSUED_LICENCE]) == 1);
    presence.orders_version = 4;
    EXPECT(send_presence("bus-b", &presence)); /* the licence is not sent along with them */
    EXPECT(wait_for(came, both));
    wait_in_silence();
    EXPECT(came(both) && GAINED(issued[ISSUED_ORDERS]) == 1);
    for (enum issued_kind kind = 0; kind < ISSUED_KINDS; kind++)
        EXPECT(holds(kind, newest[kind]));
    return NULL;
}

static const char *what_is_newly_issued_goes_out_without_being_asked_for(void)
{
    const size_t before[ISSUED_KINDS] = {probe.issued[0].n, probe.issued[1].n};
    const size_t orders[ISSUED_KINDS] = {before[0], before[1] + 1},
                 both[ISSUED_KINDS] = {before[0] + 1, before[1] + 1};
    EXPECT(issue(ISSUED_ORDERS, 6, "orders 6") == 0);
    EXPECT(wait_for(came, orders));
    EXPECT(holds(ISSUED_ORDERS, "orders 6"));
    EXPECT(issue(ISSUED_LICENCE, 8, "licence 8") == 0);
    EXPECT(wait_for(came, both));
    EXPECT(holds(ISSUED_LICENCE, "licence 8"));
    wait_in_silence();
    EXPECT(came(both)); /* once */
    return NULL;
}

/* A whole county's orders change at one import. */
static const char *a_thousand_newly_issued_go_out_in_seconds(void)
{
    enum { MANY = 1000 };
    const size_t all[ISSUED_KINDS] = {probe.issued[0].n, probe.issued[1].n + MANY};
    EXPECT(store_begin(probe.store) == 0);
    for (uint64_t i = 0; i < MANY; i++)
        EXPECT(issue(ISSUED_ORDERS, 100 + i, "orders") == 0);
    EXPECT(store_commit(probe.store) == 0);
    EXPECT(wait_for(came, all));
    return NULL;
}

/* Another process sits on the store until ingest gives up on its batch. */
static const char *a_batch_that_cannot_be_committed_is_not_receipted(void)
{
    struct outbox outbox = {.stream = 13, .cls = BW_RECORD_ALERT};
    const int events = events_held();
    struct wire_bytes record = make_next(&outbox);
    EXPECT(store_begin(probe.store) == 0);
    const bool dropped = send(&outbox, &record) && settled(1) && GAINED(dropped) == 1 && stats().failing;
    store_rollback(probe.store);
    EXPECT(dropped);
    EXPECT(unanswered(&outbox));
    EXPECT(events_held() == events);
    EXPECT(send(&outbox, &record));
    EXPECT(settled(2));
    EXPECT(GAINED(accepted) == 1 && !stats().failing);
    EXPECT(receipted(&outbox, 1));
    wire_bytes_free(&record);
    return NULL;
}

static bool is_dead(const void *context)
{
    const pid_t pid = *(const pid_t *)context;
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static const char *killed_between_commit_and_receipt_gives_no_duplicate(void)
{
    struct outbox outbox = {.stream = 14, .cls = BW_RECORD_ALERT};
    const int events = events_held();
    struct wire_bytes record = make_next(&outbox);
    char port[16];
    (void)snprintf(port, sizeof port, "%d", probe.port);
    ingest_stop(probe.ingest);
    probe.ingest = NULL;
    const pid_t pid = fork();
    if (pid == 0) {
        (void)execl(probe.program, probe.program, port, probe.dir, "die", (char *)NULL);
        _exit(127);
    }
    const bool sent = pid > 0 && send(&outbox, &record);
    const bool dead = sent && wait_for(is_dead, &pid);
    int status = 0;
    if (pid > 0) {
        if (!dead)
            (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
    }
    EXPECT(start_ingest() == 0); /* first of all: the scenarios after this one need it */
    probe.before = stats();
    EXPECT(dead && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    EXPECT(is_held(&outbox, 1, &record)); /* committed ... */
    EXPECT(ready());
    forget_receipts();
    EXPECT(send(&outbox, &record)); /* ... but the vehicle does not know it */
    EXPECT(receipted(&outbox, 1));
    EXPECT(GAINED(accepted) == 0 && GAINED(duplicate) >= 1);
    EXPECT(events_held() == events + 1);
    wire_bytes_free(&record);
    return NULL;
}

static const char *broker_pid_path(void)
{
    static char path[PATH_LEN];
    (void)snprintf(path, sizeof path, "%s/broker.pid", probe.dir);
    return path;
}

static pid_t broker_pid(void)
{
    long pid = 0;
    FILE *file = fopen(broker_pid_path(), "r");
    if (file == NULL)
        return 0;
    char line[32] = "";
    if (fgets(line, sizeof line, file) != NULL)
        pid = strtol(line, NULL, 10);
    (void)fclose(file);
    return (pid_t)pid;
}

static bool is_cut_off(const void *unused)
{
    (void)unused;
    return !probe.up && !stats().connected;
}

static const char *a_lost_broker_is_found_again(void)
{
    struct outbox outbox = {.stream = 15, .cls = BW_RECORD_ALERT};
    struct wire_bytes record = make_next(&outbox);
    const pid_t pid = broker_pid();
    EXPECT(pid > 1 && kill(pid, SIGKILL) == 0);
    EXPECT(wait_for(is_cut_off, NULL));
    EXPECT(unlink(broker_pid_path()) == 0); /* lets it come back */
    EXPECT(ready());
    EXPECT(send(&outbox, &record));
    EXPECT(receipted(&outbox, 1));
    EXPECT(is_held(&outbox, 1, &record));
    wire_bytes_free(&record);
    return NULL;
}

const struct scenario service_scenarios[] = {
    {"an old licence and old orders are answered with the newest",
     an_old_licence_and_old_orders_are_answered_with_the_newest},
    {"what is newly issued goes out without being asked for",
     what_is_newly_issued_goes_out_without_being_asked_for},
    {"a thousand newly issued go out in seconds", a_thousand_newly_issued_go_out_in_seconds},
    {"a batch that cannot be committed is not receipted", a_batch_that_cannot_be_committed_is_not_receipted},
    {"killed between commit and receipt: no duplicate", killed_between_commit_and_receipt_gives_no_duplicate},
    {"a lost broker is found again", a_lost_broker_is_found_again},
    {0},
};
