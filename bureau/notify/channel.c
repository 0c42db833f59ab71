#include "bureau/notify/channel.h"

#include "bureau/notify/text.h"
#include "proto/topic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SECTION[] = "notify.";
static const char *const TYPES[] = {NULL, "wecom", "dingtalk", "feishu", "smtp", "webhook"};
enum { N_TYPES = sizeof(TYPES) / sizeof(TYPES[0]) };

const char *notify_type_name(enum notify_type type)
{
    return (unsigned)type < N_TYPES && TYPES[type] ? TYPES[type] : "unknown";
}

/* --- words of a list --- */

/* The next word from *at on; false at the end. */
static bool next_word(const char **at, const char **ret_word, size_t *ret_len)
{
    *ret_word = *at + strspn(*at, " \t");
    *ret_len = strcspn(*ret_word, " \t");
    *at = *ret_word + *ret_len;
    return *ret_len > 0;
}

bool notify_listed(const char *list, const char *word)
{
    const char *at;
    size_t len;
    while (next_word(&list, &at, &len))
        if (len == strlen(word) && memcmp(at, word, len) == 0)
            return true;
    return false;
}

/* True if every word of the list is one that `known` knows. */
static bool all_known(const char *list, bool (*known)(const char *word))
{
    const char *at;
    char word[64];
    size_t len;
    while (next_word(&list, &at, &len)) {
        if (len >= sizeof(word))
            return false;
        memcpy(word, at, len);
        word[len] = '\0';
        if (!known(word))
            return false;
    }
    return true;
}

/* --- parsers --- */

static const char *parse_type(const char *text, void *target, size_t size)
{
    (void)size;
    for (unsigned i = 1; i < N_TYPES; i++) {
        if (strcmp(text, TYPES[i]) != 0)
            continue;
        *(enum notify_type *)target = (enum notify_type)i;
        return NULL;
    }
    return "must be wecom, dingtalk, feishu, smtp or webhook";
}

static bool is_about(const char *word)
{
    return strcmp(word, "alerts") == 0 || strcmp(word, "cases") == 0;
}

static const char *parse_about(const char *text, void *target, size_t size)
{
    if (*text == '\0' || !all_known(text, is_about))
        return "must be alerts, cases, or both";
    return settings_text(text, target, size);
}

static const char *parse_kinds(const char *text, void *target, size_t size)
{
    if (*text == '\0' || !all_known(text, notify_kind_known))
        return "not kinds of alerts or cases, apart by spaces (OVERLOAD OFF_ROUTE ...)";
    return settings_text(text, target, size);
}

static const char *parse_schools(const char *text, void *target, size_t size)
{
    if (*text == '\0' || !all_known(text, topic_level_valid))
        return "not school ids, apart by spaces";
    return settings_text(text, target, size);
}

static const char *parse_minimum(const char *text, void *target, size_t size)
{
    static const char *const names[] = {NULL, "notice", "minor", "serious", "criminal"};
    (void)size;
    for (unsigned i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(text, names[i]) != 0)
            continue;
        *(enum bw_severity *)target = (enum bw_severity)i;
        return NULL;
    }
    return "must be notice, minor, serious or criminal";
}

/* "HH:MM"; -1 otherwise. */
static int minute_of(const char *text)
{
    for (int i = 0; i < 5; i++)
        if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9')
            return -1;
    const int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

static const char *parse_quiet(const char *text, void *target, size_t size)
{
    (void)size;
    const bool is_pair = strlen(text) == 11 && text[5] == '-';
    const int from = is_pair ? minute_of(text) : -1, until = is_pair ? minute_of(text + 6) : -1;
    if (from < 0 || until < 0 || from == until)
        return "not two local times (22:00-06:30)";
    *(struct notify_quiet *)target = (struct notify_quiet){(uint16_t)from, (uint16_t)until};
    return NULL;
}

static const char *parse_language(const char *text, void *target, size_t size)
{
    (void)size;
    const bool is_english = strcmp(text, "en") == 0;
    if (!is_english && strcmp(text, "zh") != 0)
        return "must be zh or en";
    *(enum notify_language *)target = is_english ? NOTIFY_EN : NOTIFY_ZH;
    return NULL;
}

static const char *parse_timeout(const char *text, void *target, size_t size)
{
    const char *fault = settings_count(text, target, size);
    return fault == NULL && *(unsigned *)target > NOTIFY_TIMEOUT_MAX ? "more than 60 s" : fault;
}

/* Printable ASCII without blanks and quotes; a host must follow the scheme. */
static bool is_url(const char *text, const char *scheme)
{
    const size_t stem = strlen(scheme);
    for (const char *at = text; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~' || strchr("\"<>\\^`{|}", *at))
            return false;
    return strncmp(text, scheme, stem) == 0 && text[stem] != '\0' && text[stem] != '/';
}

const char *notify_parse_console(const char *text, void *target, size_t size)
{
    if (!is_url(text, "https://") && !is_url(text, "http://"))
        return "not an http or https address";
    return settings_text(text, target, size);
}

static bool is_address(const char *word)
{
    const char *at = strchr(word, '@');
    for (const char *c = word; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~' || strchr("<>,;:\"()[]\\", *c))
            return false;
    return at != NULL && at > word && at[1] != '\0' && strchr(at + 1, '@') == NULL;
}

static const char *parse_addresses(const char *text, void *target, size_t size)
{
    if (*text == '\0' || !all_known(text, is_address))
        return "not mail addresses, apart by spaces";
    return settings_text(text, target, size);
}

static const char *parse_address(const char *text, void *target, size_t size)
{
    return is_address(text) ? settings_text(text, target, size) : "not a mail address";
}

#define AT(field) SETTINGS_AT(struct notify_channel, field)
static const struct settings_key KEYS[] = {
    {SECTION, "type", parse_type, AT(type), true},
    {SECTION, "secret_file", settings_nonempty, AT(secret_file), false},
    {SECTION, "url", settings_nonempty, AT(url), false},
    {SECTION, "ca", settings_nonempty, AT(ca), false},
    {SECTION, "user", settings_nonempty, AT(user), false},
    {SECTION, "from", parse_address, AT(from), false},
    {SECTION, "to", parse_addresses, AT(to), false},
    {SECTION, "about", parse_about, AT(about), false},
    {SECTION, "kinds", parse_kinds, AT(kinds), false},
    {SECTION, "minimum", parse_minimum, AT(minimum), false},
    {SECTION, "schools", parse_schools, AT(schools), false},
    {SECTION, "division", settings_level, AT(division), false},
    {SECTION, "quiet", parse_quiet, AT(quiet), false},
    {SECTION, "language", parse_language, AT(language), false},
    {SECTION, "limit", settings_count, AT(limit), false},
    {SECTION, "limit_s", settings_count, AT(limit_s), false},
    {SECTION, "timeout_s", parse_timeout, AT(timeout_s), false},
};

void notify_settings_default(struct notify_settings *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->in_run = true;
    ret->retry_first_s = 5;
    ret->retry_longest_s = 300;
    ret->attempts = 300;
    ret->keep_days = 90;
}

static struct notify_channel *find(struct notify_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_channels; i++)
        if (strcmp(settings->channels[i].name, name) == 0)
            return &settings->channels[i];
    return NULL;
}

const struct notify_channel *notify_channel(const struct notify_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_channels; i++)
        if (strcmp(settings->channels[i].name, name) == 0)
            return &settings->channels[i];
    return NULL;
}

const char *notify_settings_pair(struct notify_settings *settings, const char *section, const char *name,
                                 const char *value)
{
    const char *channel_name = section + sizeof(SECTION) - 1;
    if (!topic_level_valid(channel_name) || strlen(channel_name) >= NOTIFY_NAME_LEN)
        return "a channel's name has at most 32 of a-z, 0-9, '_' and '-'";
    struct notify_channel *channel = find(settings, channel_name);
    if (channel == NULL) {
        if (settings->n_channels == NOTIFY_CHANNELS_MAX)
            return "more than 16 channels";
        channel = &settings->channels[settings->n_channels++];
        *channel = (struct notify_channel){
            .about = "alerts cases", .minimum = BW_MINOR, .limit = 20, .limit_s = 60, .timeout_s = 10};
        (void)snprintf(channel->name, sizeof(channel->name), "%s", channel_name);
        (void)snprintf(channel->first, sizeof(channel->first), "%s", name);
    }
    return settings_pair(KEYS, sizeof(KEYS) / sizeof(KEYS[0]), &channel->given, channel, name, value);
}

static const char *check_smtp(const struct notify_channel *channel, const char **ret_key)
{
    *ret_key = "url";
    if (!is_url(channel->url, "smtp://") && !is_url(channel->url, "smtps://"))
        return "smtp needs a url: smtp://HOST:PORT (STARTTLS) or smtps://HOST:PORT";
    if (channel->from[0] == '\0' || channel->to[0] == '\0')
        return "smtp needs from and to";
    if (channel->user[0] != '\0' && channel->secret_file[0] == '\0') {
        *ret_key = "user";
        return "smtp with a user needs a secret_file with the password";
    }
    return NULL;
}

static const char *check_robot(const struct notify_channel *channel, const char **ret_key)
{
    *ret_key = "url";
    if (channel->url[0] != '\0')
        return "the address of a robot holds its key: it belongs into secret_file";
    *ret_key = channel->first;
    return channel->secret_file[0] == '\0' ? "a robot needs a secret_file with its address" : NULL;
}

static const char *check_webhook(const struct notify_channel *channel, const char **ret_key)
{
    *ret_key = "url";
    if (!is_url(channel->url, "https://"))
        return "webhook needs a url: https://...";
    *ret_key = channel->first;
    return channel->secret_file[0] == '\0' ? "webhook needs a secret_file" : NULL;
}

static const char *check_channel(const struct notify_channel *channel, const char **ret_key)
{
    const bool has_mail = channel->user[0] || channel->from[0] || channel->to[0];
    *ret_key = channel->first;
    if (channel->type == 0)
        return "type is missing: wecom, dingtalk, feishu, smtp or webhook";
    if (channel->type == NOTIFY_SMTP)
        return check_smtp(channel, ret_key);
    if (has_mail) {
        *ret_key = channel->user[0] ? "user" : channel->from[0] ? "from" : "to";
        return "only smtp has it";
    }
    return channel->type == NOTIFY_WEBHOOK ? check_webhook(channel, ret_key) : check_robot(channel, ret_key);
}

static bool is_given(const struct notify_channel *channel, const char *key)
{
    for (size_t k = 0; k < sizeof(KEYS) / sizeof(KEYS[0]); k++)
        if (strcmp(KEYS[k].name, key) == 0)
            return (channel->given & UINT64_C(1) << k) != 0;
    return false;
}

const char *notify_settings_check(const struct notify_settings *settings,
                                  char ret_section[NOTIFY_NAME_LEN + 8], const char **ret_key)
{
    for (size_t i = 0; i < settings->n_channels; i++) {
        const char *fault = check_channel(&settings->channels[i], ret_key);
        if (fault == NULL)
            continue;
        if (!is_given(&settings->channels[i], *ret_key))
            *ret_key =
                settings->channels[i].first; /* what is missing has no line: where the section begins */
        (void)snprintf(ret_section, NOTIFY_NAME_LEN + 8, "%s%s", SECTION, settings->channels[i].name);
        return fault;
    }
    (void)snprintf(ret_section, NOTIFY_NAME_LEN + 8, "notify");
    *ret_key = "retry_longest_s";
    return settings->retry_longest_s < settings->retry_first_s ? "less than retry_first_s" : NULL;
}
