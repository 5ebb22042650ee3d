/* A filter in C: passes the records that start with a text. Plan:
 *
 *   - { id: errors, op: "native:starts_with", access: read, config: { text: ERROR } }
 *
 *   cc -std=c99 -O2 -shared -fPIC -I node_modules/byteor/native/plugin starts_with.c -o starts_with.so
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "byteor_plugin.h"

typedef struct {
  size_t length;
  char text[64];
} starts_with;

/* The config is JSON. A plug-in with more than one member takes a library for it; this one reads {"text":"…"}. */
static int read_text(const char *config, starts_with *self) {
  static const char before[] = "{\"text\":\"";
  const size_t skipped = sizeof before - 1;
  if (strncmp(config, before, skipped) != 0) return 0;
  self->length = strcspn(config + skipped, "\"\\");
  if (self->length >= sizeof self->text || strcmp(config + skipped + self->length, "\"}") != 0) return 0;
  memcpy(self->text, config + skipped, self->length);
  return 1;
}

static void *create(const byteor_type_setup *setup, byteor_type_traits *traits, char *message, uint64_t message_bytes) {
  starts_with *self = calloc(1, sizeof *self);
  if (self == NULL || !read_text(setup->config, self)) {
    snprintf(message, message_bytes, "%s is not {\"text\": TEXT} with at most 63 plain characters", setup->config);
    free(self);
    return NULL;
  }
  traits->flags = BYTEOR_FILTERS;
  return self;
}

static uint32_t process(void *instance, const byteor_type_batch *batch) {
  const starts_with *self = instance;
  const size_t length = self->length;
  for (uint32_t i = 0; i != batch->count; ++i) {
    const byteor_type_record *record = &batch->records[i];
    if (record->length < length || memcmp(record->data, self->text, length) != 0) batch->actions[i] = BYTEOR_FILTER;
  }
  return batch->count;
}

static void destroy(void *instance) { free(instance); }

const byteor_type_plugin *byteor_plugin(void) {
  static const byteor_type_plugin plugin = {
      BYTEOR_PLUGIN_ABI, sizeof(byteor_type_plugin), create, process, destroy, NULL, NULL};
  return &plugin;
}
