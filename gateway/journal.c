#include "gateway/journal.h"

#include <stdarg.h>
#include <stdio.h>

void journal(enum journal_level level, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "<%d>buswarden-gateway: %s\n", (int)level,
                  line); /* nobody is left to tell when this fails */
}
