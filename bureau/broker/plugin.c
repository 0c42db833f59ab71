/* A plugin of mosquitto 2.0 that makes forbidden acts known, because the broker itself does not: it says
 * nothing of a PUBLISH that its access list denied (but at the debug level, with all that is allowed), and it
 * grants every SUBSCRIBE, whatever the list says, and then delivers nothing.
 *
 * The list stays what refuses a PUBLISH. The plugin writes a line of the log for it, and refuses a
 * subscription itself:
 *
 *     Buswarden: bus-a at 192.0.2.7 may not publish (3): schoolbus/v1/331023/bus-b/alert
 *
 * At most one a second for each vehicle (or reader of the feed) and act, with how many there were; the bureau
 * reads it as $SYS/broker/log/W (bureau/ingest/brokerlog.h). */
#include "bureau/broker/rights.h"

#include "proto/model.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

enum { SLOTS = 256, TOPIC_SHOWN_MAX = 120, ADDRESS_MAX = 46 };

/* What was done and is not told yet, the last one's words. Direct-mapped by user and act: of two that meet,
 * the one before is told at once. */
struct slot {
    uint32_t hash;
    time_t told_s;
    uint64_t n; /* since then */
    const char *act;
    char user[BW_ID_LEN], address[ADDRESS_MAX], topic[TOPIC_SHOWN_MAX];
};

struct watch {
    mosquitto_plugin_id_t *id;
    bool waiting; /* some slot is to be told */
    struct slot slots[SLOTS];
};
static struct watch watch; /* one a broker */

static uint32_t hash_of(const char *user, const char *act) /* FNV-1a */
{
    uint32_t hash = 2166136261U;
    for (; *user != '\0'; user++)
        hash = (hash ^ (uint8_t)*user) * 16777619U;
    for (; *act != '\0'; act++)
        hash = (hash ^ (uint8_t)*act) * 16777619U;
    return hash;
}

/* A topic is an attacker's words: one line, of bounded length, without control characters. */
static void copy_shown(const char *text, char *ret, size_t size)
{
    size_t n = 0;
    for (; text != NULL && text[n] != '\0' && n < size - 1; n++) {
        ret[n] = text[n];
        if ((unsigned char)text[n] < 0x20 || text[n] == 0x7f)
            ret[n] = '?';
    }
    ret[n] = '\0';
}

static void tell(struct slot *slot, time_t now_s)
{
    mosquitto_log_printf(MOSQ_LOG_WARNING, "Buswarden: %s at %s may not %s (%" PRIu64 "): %s",
                         slot->user[0] != '\0' ? slot->user : "?", slot->address, slot->act, slot->n,
                         slot->topic);
    slot->told_s = now_s;
    slot->n = 0;
}

static void note(const struct mosquitto *client, const char *act, const char *topic)
{
    const char *user = mosquitto_client_username(client);
    const uint32_t hash = hash_of(user != NULL ? user : "", act);
    struct slot *slot = &watch.slots[hash % SLOTS];
    const time_t now_s = time(NULL);
    if (slot->hash != hash || slot->act == NULL) {
        if (slot->n > 0)
            tell(slot, now_s);
        *slot = (struct slot){.hash = hash, .act = act};
    }
    slot->n++;
    copy_shown(user, slot->user, sizeof slot->user);
    copy_shown(mosquitto_client_address(client), slot->address, sizeof slot->address);
    copy_shown(topic, slot->topic, sizeof slot->topic);
    if (slot->told_s != now_s)
        tell(slot, now_s);
    else
        watch.waiting = true;
}

static int on_tick(int event, void *data, void *context)
{
    (void)event;
    (void)data;
    (void)context;
    const time_t now_s = time(NULL);
    if (!watch.waiting)
        return MOSQ_ERR_SUCCESS;
    watch.waiting = false;
    for (size_t i = 0; i < SLOTS; i++) {
        if (watch.slots[i].n > 0 && watch.slots[i].told_s != now_s)
            tell(&watch.slots[i], now_s);
        watch.waiting = watch.waiting || watch.slots[i].n > 0;
    }
    return MOSQ_ERR_SUCCESS;
}

/* The access list says the same; but its patterns, which are for vehicles, reach every user. */
static int check_reader(const struct mosquitto_evt_acl_check *check)
{
    const bool publishes = check->access == MOSQ_ACL_WRITE;
    if (!publishes && (check->access != MOSQ_ACL_SUBSCRIBE || rights_may_hear(check->topic)))
        return MOSQ_ERR_PLUGIN_DEFER; /* the access list decides */
    note(check->client, publishes ? "publish" : "subscribe", check->topic);
    return MOSQ_ERR_ACL_DENIED;
}

static int on_acl_check(int event, void *data, void *context)
{
    (void)event;
    (void)context;
    const struct mosquitto_evt_acl_check *check = data;
    const char *user = mosquitto_client_username(check->client);
    if (rights_is_reader(user))
        return check_reader(check);
    if (!rights_is_vehicle(user))
        return MOSQ_ERR_PLUGIN_DEFER;
    if (check->access == MOSQ_ACL_WRITE && !rights_may_publish(user, check->topic))
        note(check->client, "publish", check->topic);
    if (check->access != MOSQ_ACL_SUBSCRIBE || rights_may_subscribe(user, check->topic))
        return MOSQ_ERR_PLUGIN_DEFER; /* the access list decides */
    note(check->client, "subscribe", check->topic);
    return MOSQ_ERR_ACL_DENIED;
}

/* --- what mosquitto calls --- */

int mosquitto_plugin_version(int supported_version_count, const int *supported_versions)
{
    for (int i = 0; i < supported_version_count; i++)
        if (supported_versions[i] == MOSQ_PLUGIN_VERSION)
            return MOSQ_PLUGIN_VERSION;
    return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **user_data, struct mosquitto_opt *options,
                          int option_count)
{
    (void)user_data;
    (void)options;
    (void)option_count;
    watch.id = identifier;
    const int error = mosquitto_callback_register(identifier, MOSQ_EVT_TICK, on_tick, NULL, NULL);
    if (error != MOSQ_ERR_SUCCESS)
        return error;
    return mosquitto_callback_register(identifier, MOSQ_EVT_ACL_CHECK, on_acl_check, NULL, NULL);
}

int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int option_count)
{
    (void)user_data;
    (void)options;
    (void)option_count;
    (void)mosquitto_callback_unregister(watch.id, MOSQ_EVT_TICK, on_tick, NULL);
    return mosquitto_callback_unregister(watch.id, MOSQ_EVT_ACL_CHECK, on_acl_check, NULL);
}
