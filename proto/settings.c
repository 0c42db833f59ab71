#include "proto/settings.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/topic.h"

const char *settings_text(const char *text, void *target, size_t size)
{
    if (strlen(text) >= size)
        return "too long";
    memcpy(target, text, strlen(text) + 1);
    return NULL;
}

const char *settings_nonempty(const char *text, void *target, size_t size)
{
    return text[0] != '\0' ? settings_text(text, target, size) : "is empty";
}

const char *settings_level(const char *text, void *target, size_t size)
{
    return topic_level_valid(text) ? settings_text(text, target, size)
                                   : "only a-z, 0-9, '_' and '-' may stand in it";
}

static bool parse_number(const char *text, long low, long high, long *ret)
{
    char *end = NULL;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < low || value > high)
        return false;
    *ret = value;
    return true;
}

const char *settings_port(const char *text, void *target, size_t size)
{
    (void)size;
    long port;
    if (!parse_number(text, 1, 65535, &port))
        return "not a port (1..65535)";
    *(int *)target = (int)port;
    return NULL;
}

const char *settings_count(const char *text, void *target, size_t size)
{
    (void)size;
    long count;
    if (!parse_number(text, 1, 1000000000, &count))
        return "not a whole number from 1 to 1000000000";
    *(unsigned *)target = (unsigned)count;
    return NULL;
}

struct load {
    const struct settings_schema *schema;
    void *config;
    bool given[SETTINGS_KEYS_MAX];
    char reason[SETTINGS_REASON_MAX / 2]; /* of the first fault; "" = none */
};

static int refuse(struct load *load, const char *section, const char *name, const char *reason)
{
    if (load->reason[0] == '\0')
        (void)snprintf(load->reason, sizeof load->reason, "[%.60s] %.60s: %.100s", section, name, reason);
    return 0; /* inih's "no" */
}

const char *settings_pair(const struct settings_key *keys, size_t n_keys, uint64_t *given, void *target,
                          const char *name, const char *value)
{
    for (size_t k = 0; k < n_keys; k++) {
        const uint64_t bit = UINT64_C(1) << k;
        if (strcmp(keys[k].name, name) != 0)
            continue;
        if ((*given & bit) != 0)
            return "given twice";
        *given |= bit;
        return keys[k].parse(value, (char *)target + keys[k].offset, keys[k].size);
    }
    return "no such setting";
}

/* "camera.*" stands for "camera.front". */
static bool is_meant(const char *pattern, const char *section)
{
    const size_t stem = strcspn(pattern, "*");
    return strncmp(pattern, section, stem) == 0 && (pattern[stem] == '*' || section[stem] == '\0');
}

static int on_pair(void *context, const char *section, const char *name, const char *value)
{
    struct load *load = context;
    const struct settings_schema *schema = load->schema;
    for (size_t k = 0; k < schema->n_keys; k++) {
        const struct settings_key *key = &schema->keys[k];
        if (strcmp(key->section, section) != 0 || strcmp(key->name, name) != 0)
            continue;
        if (load->given[k])
            return refuse(load, section, name, "given twice");
        load->given[k] = true;
        const char *fault = key->parse(value, (char *)load->config + key->offset, key->size);
        return fault != NULL ? refuse(load, section, name, fault) : 1;
    }
    for (const struct settings_free *at = schema->free_sections; at != NULL && at->section != NULL; at++) {
        if (!is_meant(at->section, section))
            continue;
        const char *fault = at->on_pair(load->config, section, name, value);
        return fault != NULL ? refuse(load, section, name, fault) : 1;
    }
    return refuse(load, section, name, "no such setting");
}

static int fail(char ret_reason[SETTINGS_REASON_MAX], const char *path, int line, const char *reason)
{
    if (line > 0)
        (void)snprintf(ret_reason, SETTINGS_REASON_MAX, "%.200s:%d: %s", path, line, reason);
    else
        (void)snprintf(ret_reason, SETTINGS_REASON_MAX, "%.200s: %s", path, reason);
    return -EINVAL;
}

struct sought {
    const char *section, *name;
};

/* inih says on which line a handler has said no first. */
static int is_another(void *context, const char *section, const char *name, const char *value)
{
    (void)value;
    const struct sought *sought = context;
    return strcmp(section, sought->section) != 0 || strcmp(name, sought->name) != 0;
}

unsigned settings_line(const char *path, const char *section, const char *name)
{
    struct sought sought = {section, name};
    const int line = ini_parse(path, is_another, &sought);
    return line > 0 ? (unsigned)line : 0;
}

/* The line of the setting that a fault begins with, "[section] name ..."; 0 = the file does not give it. */
static int line_of_fault(const char *path, const char *fault)
{
    char section[64], name[64];
    if (sscanf(fault, "[%63[^]]] %63[a-z0-9_]", section, name) != 2) // NOLINT(cert-err34-c): only texts
        return 0;
    return (int)settings_line(path, section, name);
}

int settings_load(const char *path, const struct settings_schema *schema, void *config,
                  char ret_reason[SETTINGS_REASON_MAX])
{
    struct load load = {.schema = schema, .config = config};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        const int error = errno;
        (void)fail(ret_reason, path, 0, strerror(error));
        return -error;
    }
    const int line = ini_parse_file(file, on_pair, &load);
    (void)fclose(file); /* only read from */
    if (line != 0)
        return fail(ret_reason, path, line > 0 ? line : 1,
                    load.reason[0] != '\0' ? load.reason : "not a \"key = value\" line");
    for (size_t k = 0; k < schema->n_keys; k++) {
        char missing[160];
        if (!schema->keys[k].required || load.given[k])
            continue;
        (void)snprintf(missing, sizeof missing, "[%s] %s: missing", schema->keys[k].section,
                       schema->keys[k].name);
        return fail(ret_reason, path, 0, missing);
    }
    const char *fault = schema->check != NULL ? schema->check(config) : NULL;
    return fault != NULL ? fail(ret_reason, path, line_of_fault(path, fault), fault) : 0;
}
