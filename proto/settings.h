/* Configuration files (INI, read by inih): a table says what may stand in one; anything else is an error that
 * names file, line and reason. All of the file is read and checked before the caller sees any of it. */
#ifndef BUSWARDEN_SETTINGS_H
#define BUSWARDEN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SETTINGS_KEYS_MAX = 128,
    SETTINGS_TEXT_MAX = 192, /* inih reads lines of up to 198 bytes */
    SETTINGS_REASON_MAX = 512,
};

/* NULL, or why `text` cannot be the value of a target of `size` bytes. */
typedef const char *(*settings_parse_fn)(const char *text, void *target, size_t size);

struct settings_key {
    const char *section, *name;
    settings_parse_fn parse;
    size_t offset, size; /* of the target in the caller's struct: SETTINGS_AT(struct x, field) */
    bool required;
};
#define SETTINGS_AT(type, field) offsetof(type, field), sizeof(((type *)NULL)->field)

struct settings_schema {
    const struct settings_key *keys;
    size_t n_keys; /* at most SETTINGS_KEYS_MAX */
    /* Sections whose keys are free, or which are free themselves: "camera.*" is every section that begins
     * with "camera.". The list ends with a NULL section. NULL = none. */
    const struct settings_free {
        const char *section;
        const char *(*on_pair)(void *config, const char *section, const char *name, const char *value);
    } * free_sections;
    /* What no single line can show; NULL, or the reason. May fill in defaults. */
    const char *(*check)(void *config);
};

/* Fills *config, which holds the defaults. 0; -EINVAL bad content, else the errno of reading the file; then
 * ret_reason is "file:line: reason" and *config is half filled: use it only after 0. */
int settings_load(const char *path, const struct settings_schema *schema, void *config,
                  char ret_reason[SETTINGS_REASON_MAX]);

/* Why one pair cannot stand in a section that such a table is about; NULL = it is in *target now. For
 * sections whose names are free. `given` has a bit a key, of those that stood there before. The tables'
 * section names are not looked at. */
const char *settings_pair(const struct settings_key *keys, size_t n_keys, uint64_t *given, void *target,
                          const char *name, const char *value);

/* The line on which a file that was loaded gives this name; 0 = it does not. For what shows only later. */
unsigned settings_line(const char *path, const char *section, const char *name);

/* Parsers. */
const char *settings_text(const char *text, void *target, size_t size);     /* char array; may be empty */
const char *settings_nonempty(const char *text, void *target, size_t size); /* char array */
const char *settings_level(const char *text, void *target, size_t size);    /* char array: a topic level */
const char *settings_port(const char *text, void *target, size_t size);     /* int, 1..65535 */
const char *settings_count(const char *text, void *target, size_t size);    /* unsigned, 1..1000000000 */

#endif
