/* clang-format off */
/* Where messages go: the sections [notify] and [notify.NAME] of the bureau's configuration.
 *
 *     [notify]
 *     console_url          the console's address as staff reach it: the link in every message
 *     in_run (yes)         no: `run` leaves the telling to `notify`, a process of its own
 *     retry_first_s (5)    pause after a failed send: from this
 *     retry_longest_s (300)  and at most this
 *     attempts (300)       then a message is given up
 *     keep_days (90)       what has been sent, or given up, is deleted after this long
 *
 *     [notify.NAME]
 *     type                 wecom, dingtalk, feishu, smtp or webhook (must be given)
 *     secret_file          mode 0600. Robots: the address that the group shows, with its key, on the first
 *                          line, and for dingtalk and feishu the signing secret on the second. webhook: the
 *                          secret of its HMAC. smtp with user: the password
 *     url                  webhook: https://...; smtp: smtp://HOST:PORT (STARTTLS) or smtps://...
 *     ca                   certificates to trust instead of the system's
 *     user, from, to       smtp; to: addresses apart by spaces
 *     about                alerts, cases, or both (default)
 *     kinds                of alerts and cases, apart by spaces; absent = all
 *     minimum              notice, minor (default), serious or criminal
 *     schools, division    only vehicles of these; absent = all
 *     quiet                HH:MM-HH:MM local: nothing but CHILD_LEFT_BEHIND
 *     language             zh (default) or en
 *     limit (20), limit_s (60)  at most so many sends in so many seconds
 *     timeout_s (10)       of one send */
/* clang-format on */
#ifndef BUSWARDEN_NOTIFY_CHANNEL_H
#define BUSWARDEN_NOTIFY_CHANNEL_H

#include "proto/model.h"
#include "proto/settings.h"

enum {
    NOTIFY_CHANNELS_MAX = 16,
    NOTIFY_NAME_LEN = 33,   /* of a channel, with the NUL */
    NOTIFY_TIMEOUT_MAX = 60 /* seconds */
};

enum notify_type { NOTIFY_WECOM = 1, NOTIFY_DINGTALK, NOTIFY_FEISHU, NOTIFY_SMTP, NOTIFY_WEBHOOK };
enum notify_language { NOTIFY_ZH, NOTIFY_EN };

/* "" = not given. */
struct notify_channel {
    char name[NOTIFY_NAME_LEN];
    enum notify_type type;
    char secret_file[SETTINGS_TEXT_MAX], url[SETTINGS_TEXT_MAX], ca[SETTINGS_TEXT_MAX];
    char user[SETTINGS_TEXT_MAX], from[SETTINGS_TEXT_MAX], to[SETTINGS_TEXT_MAX];
    char about[32]; /* words, as the next two */
    char kinds[SETTINGS_TEXT_MAX], schools[SETTINGS_TEXT_MAX];
    char division[BW_DIVISION_LEN];
    enum bw_severity minimum;
    struct notify_quiet {
        uint16_t from_min, until_min; /* local minutes of the day; equal = never quiet */
    } quiet;
    enum notify_language language;
    unsigned limit, limit_s, timeout_s;
    uint64_t given; /* settings_pair() */
    char first[32]; /* the first key given: where the section stands */
};

struct notify_settings {
    char console_url[SETTINGS_TEXT_MAX];
    bool in_run;
    unsigned retry_first_s, retry_longest_s, attempts, keep_days;
    size_t n_channels;
    struct notify_channel channels[NOTIFY_CHANNELS_MAX];
};

void notify_settings_default(struct notify_settings *ret);
/* One pair of a section [notify.NAME]; NULL, or why it cannot stand there. */
const char *notify_settings_pair(struct notify_settings *settings, const char *section, const char *name,
                                 const char *value);
/* What no single pair can show. NULL, or the reason with the section and the key whose line it is about. */
const char *notify_settings_check(const struct notify_settings *settings,
                                  char ret_section[NOTIFY_NAME_LEN + 8], const char **ret_key);
/* Parsers for the section [notify]. */
const char *notify_parse_console(const char *text, void *target, size_t size); /* char array */

const struct notify_channel *notify_channel(const struct notify_settings *settings, const char *name);
const char *notify_type_name(enum notify_type type);
/* True if `word` is one of the words, apart by spaces, of `list`. */
bool notify_listed(const char *list, const char *word);

#endif
