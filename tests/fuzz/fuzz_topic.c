/* A topic that is accepted is one that topic_format() makes, letter by letter. */
#include <stdlib.h>
#include <string.h>

#include "proto/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct topic topic;
    char made[TOPIC_MAX];
    char *text = malloc(size + 1); /* of its exact size: a byte read too far shows */
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (topic_parse(text, &topic) == 0 && (topic_format(&topic, made) != 0 || strcmp(made, text) != 0))
        abort();
    if (topic_level_valid(text) && strlen(text) >= BW_ID_LEN)
        abort();
    free(text);
    return 0;
}
