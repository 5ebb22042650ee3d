/* A plug-in of the tests: its config says what it does, and its compiler what it exports. */
#include <stdlib.h>
#include <string.h>

#include "byteor_plugin.h"

#ifndef ABI
#define ABI BYTEOR_PLUGIN_ABI
#endif

static int has(const char *config, const char *word) { return strstr(config, word) != NULL; }

typedef struct {
  uint32_t upper, count, grow, lie, sour, shard, seen;
} odd;

static void *create(const byteor_type_setup *setup, byteor_type_traits *traits, char *message, uint64_t message_bytes) {
  odd *self = calloc(1, sizeof *self);
  if (has(setup->config, "refuse")) {
    strncpy(message, "give it another word", message_bytes);
    free(self);
    return NULL;
  }
  self->upper = has(setup->config, "upper");
  self->grow = has(setup->config, "grow");
  self->lie = has(setup->config, "lie");
  self->sour = has(setup->config, "sour");
  self->shard = setup->shard;
  if (self->upper || self->grow) traits->flags |= BYTEOR_WRITES | BYTEOR_KEEPS_LAYOUT;
  if (self->grow) traits->room = 1;
  if (has(setup->config, "fail")) self->count = 3;
  return self;
}

static uint32_t process(void *instance, const byteor_type_batch *batch) {
  odd *self = instance;
  uint32_t i, at;
  if (self->lie) return batch->count + 1;
  for (i = 0; i != batch->count; ++i) {
    const byteor_type_record *record = &batch->records[i];
    ++self->seen;
    if (self->seen == self->count) byteor_callback_fail(batch, i, "the third one; give two", 23);
    if (self->sour && memchr(record->data, 'e', record->length) != NULL)
      byteor_callback_fail(batch, i, "no: it is sour", 14);
    if (!self->upper && !self->grow) continue;
    for (at = 0; at != record->length; ++at)
      if (record->data[at] >= 'a' && record->data[at] <= 'z') record->data[at] = (uint8_t)(record->data[at] - 32);
    if (self->grow) record->data[batch->lengths[i]++] = '!';
    batch->actions[i] = BYTEOR_CHANGED;
  }
  return batch->count;
}

static uint64_t report(void *instance, char *text, uint64_t text_bytes) {
  (void)text_bytes;
  text[0] = (char)('0' + ((odd *)instance)->shard);
  return 1;
}

static void destroy(void *instance) { free(instance); }

#ifdef HIDDEN
#define byteor_plugin another_name
const byteor_type_plugin *another_name(void);
#endif

const byteor_type_plugin *byteor_plugin(void) {
  static const byteor_type_plugin plugin = {ABI, sizeof(byteor_type_plugin), create, process, destroy, NULL, report};
  return &plugin;
}
