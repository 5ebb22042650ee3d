/* The built-in set_field with { field: a, add: 1 } as a plug-in: adds one to the first word of a record, a double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "byteor_plugin.h"

static void *create(const byteor_type_setup *setup, byteor_type_traits *traits, char *message, uint64_t message_bytes) {
  (void)setup;
  (void)message;
  (void)message_bytes;
  traits->flags = BYTEOR_WRITES | BYTEOR_KEEPS_LAYOUT;
  return malloc(1);
}

static uint32_t process(void *instance, const byteor_type_batch *batch) {
  (void)instance;
  for (uint32_t i = 0; i != batch->count; ++i) {
    static const char too_much[] = "the first word plus one is not finite";
    double word;
    memcpy(&word, batch->records[i].data, sizeof word);
    word += 1;
    if (!isfinite(word)) {
      byteor_callback_fail(batch, i, too_much, sizeof too_much - 1);
      continue;
    }
    memcpy(batch->records[i].data, &word, sizeof word);
    batch->actions[i] = BYTEOR_CHANGED;
  }
  return batch->count;
}

static void destroy(void *instance) { free(instance); }

const byteor_type_plugin *byteor_plugin(void) {
  static const byteor_type_plugin plugin = {
      BYTEOR_PLUGIN_ABI, sizeof(byteor_type_plugin), create, process, destroy, NULL, NULL};
  return &plugin;
}
