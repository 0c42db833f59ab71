/* What the parts of the agent share; nobody else includes this. All of it runs on the main loop, but for
 * on_issued() in agent.c.
 * agentvehicle.c: the vehicle. Reads the sources, makes events of what they say, warns as the watch says.
 * agentstatus.c: this machine. Answers the status socket, and tells the service manager.
 * agent.c: the bureau, by keys, watch and uplink; what is done once a second; start and stop. */
#ifndef BUSWARDEN_AGENTINTERNAL_H
#define BUSWARDEN_AGENTINTERNAL_H

#include <uv.h>

#include "gateway/clock.h"
#include "gateway/config.h"
#include "gateway/status.h"

/* A source and the poll handle on its present descriptor. */
struct feed {
    struct agent *agent;
    const char *name; /* in the journal */
    struct source *source;
    uv_poll_t *poll; /* NULL while closed; freed when libuv has closed it */
    int fd;          /* of the poll */
    enum source_state reported;
    uint64_t told[SOURCE_TROUBLES_MAX]; /* of each trouble, in the journal */
};

/* Each part writes its own members and reads all. agent.c begins and ends the others' handles as well, and
 * destroys what they have opened. */
struct agent {
    /* agent.c */
    const struct gateway_config *config;
    char config_hash[SEAL_FILE_HASH_LEN], dbc_hash[SEAL_FILE_HASH_LEN];
    struct seal_key key, next_key;
    bool has_next_key; /* a change is under way, or was */
    bool change_over;  /* next_key alone signs */
    uint8_t bureau_key[BW_PUBLIC_KEY_LEN];
    struct watch *watch;
    struct uplink *uplink;
    int64_t presence_mono_ms;
    bool presence_due;       /* the vehicle's part sets it too */
    uint64_t streams_begun;  /* of the uplink's count, told in the journal */
    char outbox_reason[256]; /* why it could not be opened, as told in the journal; "" = it is open */
    uv_loop_t loop;
    uv_timer_t timer, trim;
    uv_signal_t on_term, on_int, on_usr1;
    uv_async_t came[ISSUED_KINDS]; /* the uplink has stored a newer one */
    struct status_meter meter;

    /* agentvehicle.c */
    struct vehicle_clock clock;
    struct alarm *alarm;
    struct cabinbus *bus; /* NULL: no cabin sensors */
    struct feed gps, can;
    struct bw_cabin cabin;                                  /* as last told to the watch */
    bool warned;                                            /* the driver is: alarm_warn() */
    bool cabin_heard;                                       /* frames came since the last estimate */
    uv_timer_t alarm_test;                                  /* active while the alarm is tested */
    char alarm_faults[ALARM_OUTPUTS_MAX][ALARM_REASON_LEN]; /* as last said in the journal */
    int gps_mode;                                           /* of the last report */

    /* agentstatus.c */
    uv_pipe_t status;
    unsigned status_clients;
    uint64_t fed_turns;   /* of the uplink thread, when the watchdog was fed last */
    int64_t told_mono_ms; /* the service manager; 0 = not yet */
    struct certificate_seen certificate;
};

/* --- agent.c --- */

/* Says on standard error why there is no start. Returns EXIT_USAGE. */
int agent_refuse(const char *what, const char *reason);

/* --- agentvehicle.c --- */

/* At the start; an exit code. The sources want the watch, the alarm wants the loop as well. */
int agent_open_sources(struct agent *agent);
int agent_open_alarm(struct agent *agent);

/* An event of this moment, for the caller to fill in and submit. */
struct bw_event agent_event_now(const struct agent *agent, enum bw_event_type type);
/* To the watch; the uplink is woken when there is something to send. */
void agent_submit(struct agent *agent, const struct bw_event *event);
/* Tell the watch of the cabin: when it changed, and as a confirmation when `confirm`. */
void agent_judge_cabin(struct agent *agent, bool confirm);
/* Once a second. */
void agent_tick_feed(struct feed *feed, int64_t mono_ms);
/* What is new about outputs of the alarm, in the journal. */
void agent_report_outputs(struct agent *agent);

/* The watch announces; context: the agent. */
void agent_on_alert(void *context, const struct bw_alert *alert, bool saved);
/* The test of the alarm: SIGUSR1 begins it, its timer ends it, and so does whoever cannot wait for that. */
void agent_on_test_alarm(uv_signal_t *handle, int number);
void agent_end_alarm_test(uv_timer_t *timer);
/* For uv_close() of a feed's poll handle. */
void agent_free_handle(uv_handle_t *handle);

/* --- agentstatus.c --- */

/* Of this moment; points into the agent. */
struct status_parts agent_status_parts(struct agent *agent);
void agent_tell_manager(struct agent *agent, int64_t mono_ms);
void agent_feed_watchdog(struct agent *agent);
/* A negative error of libuv: -EADDRINUSE when another gateway listens there. */
int agent_listen_status(struct agent *agent);
/* For uv_close() of a client's pipe. */
void agent_on_client_closed(uv_handle_t *handle);

#endif
