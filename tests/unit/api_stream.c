/* The event stream. */
#include "tests/unit/fixture_api.h"

#include "bureau/api/json.h"

#include <poll.h>
#include <stdlib.h>

static void put_presence(uint16_t aboard)
{
    put_presence_of(aboard, now_utc_ms());
}

struct listener {
    int fd;
    char text[TEXT_MAX];
};

static struct listener *listen_to(const char *target, const char *headers)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    cr_assert(listener);
    listener->fd = open_request("GET", target, headers);
    cr_assert(read_until(listener->fd, listener->text, "retry: 2000\n"), "%s", listener->text);
    cr_assert(strstr(listener->text, "Content-Type: text/event-stream\r\n"));
    return listener;
}

static void hang_up(struct listener *listener)
{
    (void)close(listener->fd);
    free(listener);
}

static void expect_heard(struct listener *listener, const char *needle)
{
    cr_expect(read_until(listener->fd, listener->text, needle), "no %s in %s", needle, listener->text);
}

/* "id: N\nevent: alert\n" */
static const char *alert_id(int64_t event)
{
    static char text[64];
    (void)snprintf(text, sizeof(text), "id: %lld\nevent: alert\n", (long long)event);
    return text;
}

Test(api, a_new_listener_hears_what_is_new_and_nothing_else)
{
    const int64_t old = put_alert(1, BW_RAISED);
    api_notify_events(stage.api, old);
    struct listener *listener = listen_to("/v1/alerts/stream", "");
    const int64_t new = put_alert(1, BW_CLEARED);
    api_notify_events(stage.api, new);
    expect_heard(listener, alert_id(new));
    expect_heard(listener, "\"phase\":\"CLEARED\"");
    cr_expect_null(strstr(listener->text, alert_id(old)));
    hang_up(listener);
}

Test(api, a_listener_that_comes_back_hears_what_it_missed_in_order)
{
    enum { PHASES = 40 }; /* several batches */
    int64_t events[PHASES];
    for (uint64_t i = 0; i < PHASES; i++)
        events[i] = put_alert(i + 1, BW_RAISED);
    api_notify_events(stage.api, events[PHASES - 1]);
    char header[64];
    (void)snprintf(header, sizeof(header), "Last-Event-ID: %lld\r\n", (long long)events[2]);
    /* the address is the one that it began with; the header is newer */
    struct listener *listener = listen_to("/v1/alerts/stream?last_event_id=0", header);
    expect_heard(listener, alert_id(events[PHASES - 1]));
    const char *at = listener->text;
    cr_expect_null(strstr(listener->text, alert_id(events[2])));
    for (size_t i = 3; i < PHASES; i++) {
        at = strstr(at, alert_id(events[i]));
        cr_assert(at, "event %zu", i);
    }
    hang_up(listener);
}

Test(api, a_listener_is_told_where_it_stands_before_anything_happens)
{
    const int64_t last = put_alert(1, BW_RAISED);
    api_notify_events(stage.api, last);
    char id[64];
    (void)snprintf(id, sizeof(id), "id: %lld\n\n", (long long)last);
    struct listener *listener = listen_to("/v1/alerts/stream", "");
    expect_heard(listener, id);
    hang_up(listener);
}

Test(api, an_event_of_another_process_is_heard_without_notice)
{
    struct listener *listener = listen_to("/v1/alerts/stream", "");
    expect_heard(listener, alert_id(put_alert(1, BW_RAISED)));
    hang_up(listener);
}

Test(api, a_vehicle_is_told_as_it_is_now_however_often_it_changed)
{
    struct listener *listener = listen_to("/v1/alerts/stream", "");
    for (uint16_t aboard = 1; aboard <= 15; aboard++) {
        put_presence(aboard);
        api_notify_vehicle(stage.api, "bus-b");
    }
    api_notify_vehicle(stage.api, "not-registered");
    expect_heard(listener, "\"count\":15");
    cr_expect(strstr(listener->text, "event: vehicle\ndata: {\"vehicle_id\":\"bus-b\""));
    cr_expect_null(strstr(listener->text, "not-registered"));
    hang_up(listener);
}

Test(api, a_new_listener_is_not_told_of_vehicles_that_changed_before)
{
    struct listener *first = listen_to("/v1/alerts/stream", "");
    put_presence(7);
    api_notify_vehicle(stage.api, "bus-b");
    expect_heard(first, "\"count\":7");
    struct listener *second = listen_to("/v1/alerts/stream", "");
    put_presence(8);
    api_notify_vehicle(stage.api, "bus-b");
    expect_heard(second, "\"count\":8");
    cr_expect_null(strstr(second->text, "\"count\":7"));
    hang_up(first);
    hang_up(second);
}

Test(api, a_vehicle_that_falls_silent_is_told_without_notice, .timeout = 90)
{
    struct listener *listener = listen_to("/v1/alerts/stream", "");
    put_presence_of(7, now_utc_ms() - APIJSON_LIVE_MS + 15000);
    api_notify_vehicle(stage.api, "bus-b");
    expect_heard(listener, "\"online\":true");
    expect_heard(listener, "\"online\":false");
    hang_up(listener);
}

Test(api, silence_is_broken_by_a_comment)
{
    struct listener *listener = listen_to("/v1/alerts/stream", "");
    expect_heard(listener, "\n: still here\n");
    hang_up(listener);
}

Test(api, listeners_are_limited_and_a_place_that_becomes_free_is_given_again)
{
    enum { CLIENTS = 256, OF_ACCOUNT = 64, ACCOUNTS = CLIENTS / OF_ACCOUNT };
    int fds[CLIENTS];
    static char text[TEXT_MAX], tokens[ACCOUNTS][SECRET_TEXT_LEN];
    for (int i = 0; i < CLIENTS; i++) {
        if (i % OF_ACCOUNT == 0) {
            char name[16];
            (void)snprintf(name, sizeof(name), "listener-%d", i);
            cr_expect(i == 0 || ask("GET", "/v1/alerts/stream", "")->status == 503,
                      "an account has its share");
            put_account(name, tokens[i / OF_ACCOUNT]);
            stage.bearer = tokens[i / OF_ACCOUNT];
        }
        fds[i] = open_request("GET", "/v1/alerts/stream", "");
        text[0] = '\0';
        cr_assert(read_until(fds[i], text, "retry: 2000\n"), "listener %d: %s", i, text);
    }
    stage.own_address++;
    cr_expect_eq(ask("GET", "/v1/alerts/stream", "")->status, 503);
    cr_expect_eq(ask("GET", "/v1/vehicles", "")->status, 200, "others are still served");

    for (int i = 0; i < CLIENTS; i++)
        (void)close(fds[i]);
    /* A closed connection is found when something is sent, at the latest by the second heartbeat. */
    int status = 503;
    for (uint64_t i = 1; i <= 200 && status == 503; i++) {
        api_notify_events(stage.api, put_alert(i, BW_RAISED));
        (void)poll(NULL, 0, 50);
        const int fd = open_request("GET", "/v1/alerts/stream", "");
        text[0] = '\0';
        cr_assert(read_until(fd, text, "\r\n\r\n"));
        status = status_of(text);
        (void)close(fd);
    }
    cr_expect_eq(status, 200);
}

Test(api, stopping_ends_every_stream)
{
    struct listener *idle = listen_to("/v1/alerts/stream", "");
    struct listener *other = listen_to("/v1/alerts/stream", "");
    api_stop(stage.api);
    cr_expect(read_until(idle->fd, idle->text, NULL));
    cr_expect(read_until(other->fd, other->text, NULL));
    cr_expect(strstr(idle->text, "\r\n0\r\n\r\n"), "the last chunk comes, nothing is broken off");
    cr_expect(strstr(other->text, "\r\n0\r\n\r\n"));
    api_notify_events(stage.api, 1); /* ingest may still be at work */
    api_notify_vehicle(stage.api, "bus-b");
    hang_up(idle);
    hang_up(other);
}
