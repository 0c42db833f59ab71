/* The bureau's configuration file (INI). Every key has its place here; an unknown one is an error.
 *
 *     [bureau]  division        GB/T 2260 code served; absent = all
 *               name            of the bureau, for people: in reports and the console
 *     [process] user            whom to become when started as root (nobody: stay)
 *     [store]   path            SQLite file (the only key that must be given)
 *     [broker]  host (localhost)  port (8883 with TLS, else 1883)  client_id (buswarden-bureau)
 *               ca, cert, key   TLS: all three or none
 *               log             yes or no (default): hear mosquitto's log, for acts that were refused
 *     [pki]     dir             folder of the bureau's certificate authority; absent = it has none
 *               broker          the broker's address as vehicles reach it (default: [broker] host)
 *     [keys]    secret          the bureau's Ed25519 secret, as `keygen` writes it
 *     [http]    listen (127.0.0.1)  port (8080)
 *               cert, key       TLS: both or none; without them listen must be a loopback address
 *               proxy           yes: a proxy of our own on this machine sends X-Forwarded-For and -Proto; no
 *                               (default)
 *               console, leaflet, bootstrap   folders of static files
 *               tiles           tile URL template; empty = no base map
 *               tiles_frame     wgs84 (default) or gcj02
 *     [cases]   overload, off_route ... sighting: hours to put it right, three numbers: minor, serious,
 *               criminal; acknowledge, escalate; notice_days, recurrence_days (cases/policy.h)
 *     [rejudge] at              local time of judging the last week again (03:00), or never
 *     [silence] check_s, after_s, ... (cases/silence.h)
 *     [retention] tracks_days, evidence_days, ... (retention/settings.h)
 *     [feeds]   public          yes or no (default): GTFS-Realtime for anybody, with rounded occupancy
 *               mqtt            yes or no (default): publish alerts and vehicles on the feed topics
 *     [notify], [notify.NAME]   bureau/notify/channel.h
 *
 * Relative paths are taken from the working directory. */
#ifndef BUSWARDEN_BUREAU_CONFIG_H
#define BUSWARDEN_BUREAU_CONFIG_H

#include "bureau/cases/policy.h"
#include "bureau/cases/silence.h"
#include "bureau/notify/channel.h"
#include "bureau/retention/settings.h"
#include "proto/model.h"
#include "proto/settings.h"

enum { BUREAU_TEXT_MAX = SETTINGS_TEXT_MAX, BUREAU_REASON_MAX = SETTINGS_REASON_MAX, BUREAU_USER_LEN = 33 };

enum bureau_frame { BUREAU_WGS84, BUREAU_GCJ02 };

/* "" = not given. */
struct bureau_config {
    char division[BW_DIVISION_LEN];
    char name[BW_NAME_LEN];
    char user[BUREAU_USER_LEN];
    char store_path[BUREAU_TEXT_MAX];
    char broker_host[BUREAU_TEXT_MAX];
    int broker_port;
    char broker_client_id[BUREAU_TEXT_MAX];
    char broker_ca[BUREAU_TEXT_MAX], broker_cert[BUREAU_TEXT_MAX], broker_key[BUREAU_TEXT_MAX];
    bool broker_log;
    char pki_dir[BUREAU_TEXT_MAX], pki_broker[BUREAU_TEXT_MAX];
    char secret_path[BUREAU_TEXT_MAX];
    char http_listen[BUREAU_TEXT_MAX];
    int http_port;
    char http_cert[BUREAU_TEXT_MAX], http_key[BUREAU_TEXT_MAX];
    bool http_proxy;
    char console_dir[BUREAU_TEXT_MAX], leaflet_dir[BUREAU_TEXT_MAX], bootstrap_dir[BUREAU_TEXT_MAX];
    char tiles_url[BUREAU_TEXT_MAX];
    enum bureau_frame tiles_frame;
    struct case_policy cases;
    int rejudge_at_min; /* local minute of the day; -1 = never */
    struct silence_settings silence;
    struct retention_settings retention;
    bool feeds_public, feeds_mqtt;
    struct notify_settings notify;
};

/* 0, or a negative errno with "file:line: reason" in ret_reason: -EINVAL bad content, else the file cannot be
 * read. */
int bureau_config_load(const char *path, struct bureau_config *ret, char ret_reason[BUREAU_REASON_MAX]);

#endif
