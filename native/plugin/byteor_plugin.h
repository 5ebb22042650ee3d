/*
 * byteor_plugin.h: stages of byteor plans, `native:<name>`, in C or in any language that can export a C function.
 *
 * A plug-in is a shared library that exports one function, byteor_plugin(), which answers a table: what it was compiled
 * against, and its calls. byteor loads the library when a pipeline is opened, makes one instance a shard of each stage
 * that names it, and hands each instance batches of records. What becomes of a record is a byte a record; what takes
 * its place is handed over through callbacks.
 *
 *   byteor_type_*      a type
 *   byteor_call_*      a function of the plug-in, which byteor calls
 *   byteor_callback_*  a function of byteor, which the plug-in calls, from inside of a call alone
 *
 * OWNERSHIP and THREADS stand under each type and call. What is not said there to be the plug-in's is byteor's, and is
 * valid until the call returns. No call may throw, longjmp out, or end its thread; a call that crashes takes the
 * process with it, because it runs in it.
 *
 * docs/plugins.md has the whole way, from a source file to a plan. Pure C99, and C++98 and later.
 */
#ifndef BYTEOR_PLUGIN_H
#define BYTEOR_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The version of this header. It grows when a type or a call changes in a way that a compiled plug-in would notice;
 * byteor refuses a library of another one (PLUGIN_ABI) before it calls anything of it. What is added at the end of a
 * type leaves it as it is: `struct_bytes` says how much of the type its writer knew.
 */
#define BYTEOR_PLUGIN_ABI 1u

#if defined(__GNUC__) || defined(__clang__)
#define BYTEOR_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define BYTEOR_PLUGIN_EXPORT
#endif

/* ---- what a stage does ------------------------------------------------------------------------------------------ */

/* What an instance may do to records, as bits of byteor_type_traits.flags. What it does beyond that fails the record.
 */
enum {
  /* It may change a record's bytes, or its length. Each record that it is shown is then a copy, with room behind it. */
  BYTEOR_WRITES = 1,
  /* It may take a record out of the flow. */
  BYTEOR_FILTERS = 2,
  /* It may put records of its own in the place of one. */
  BYTEOR_EMITS = 4,
  /* It may stand where nothing reads it. */
  BYTEOR_SINK = 8,
  /* A struct is still that struct behind it. An instance that neither writes nor emits need not say so. */
  BYTEOR_KEEPS_LAYOUT = 16
};

/*
 * What an instance says of itself when it is made. byteor compares it with what the plan declares, and refuses to open
 * the pipeline (PLUGIN_REFUSED) where the plan allows less.
 *
 * OWNERSHIP  byteor's. All zero, but for struct_bytes, when byteor_call_create gets it.
 */
typedef struct byteor_type_traits {
  uint32_t struct_bytes; /* bytes of this type that byteor knows */
  uint32_t flags;        /* BYTEOR_WRITES and its likes */
  uint32_t room;         /* with BYTEOR_WRITES: bytes that a record may grow by */
  uint32_t emits_max;    /* with BYTEOR_EMITS: records that come of one at most; 0: any number */
} byteor_type_traits;

/*
 * What an instance is made of.
 *
 * OWNERSHIP  byteor's, with its texts: a plug-in that needs one longer than byteor_call_create copies it.
 */
typedef struct byteor_type_setup {
  uint32_t struct_bytes; /* bytes of this type that byteor has filled in */
  uint32_t shard;        /* the instance's, from 0 */
  const char* stage;     /* id of the stage; ends with a zero */
  const char* op;        /* what stands behind `native:` in the plan; ends with a zero */
  const char* config;    /* the stage's config as JSON, UTF-8, with its members in the plan's order; ends with a zero */
  uint64_t config_bytes; /* of it, without the zero; the text is `null` where the plan has none */
} byteor_type_setup;

/* ---- records ---------------------------------------------------------------------------------------------------- */

/*
 * A record.
 *
 * OWNERSHIP  byteor's. Without BYTEOR_WRITES it lies where other stages read it, and must not be written. With
 *            BYTEOR_WRITES it is a copy: `data` has room for `length` bytes and the room that the traits say, and no
 * more.
 */
typedef struct byteor_type_record {
  uint8_t* data;     /* any alignment; not to be read where length is 0 */
  uint32_t length;   /* bytes */
  uint32_t flags;    /* how its line ended: 0 or 1 and 2 for LF, CR LF and none; of what has no lines, 0 */
  uint64_t sequence; /* grows from record to record within a shard; nothing else is said of it */
} byteor_type_record;

/* What becomes of a record, as byteor_type_batch.actions has it. */
enum {
  BYTEOR_PASS = 0,    /* it goes on as it came; so it is for a record of which the plug-in says nothing */
  BYTEOR_FILTER = 1,  /* it goes no further; needs BYTEOR_FILTERS */
  BYTEOR_CHANGED = 2, /* its bytes were changed in place, and `lengths` has its length; needs BYTEOR_WRITES */
  BYTEOR_EMITTED = 3, /* set by byteor_callback_emit */
  BYTEOR_FAILED = 4   /* set by byteor_callback_fail */
};

/*
 * A batch of records, in their order.
 *
 * OWNERSHIP  byteor's. The plug-in writes to `actions` and `lengths`, of `count` elements each, to the records' bytes
 * as byteor_type_record says, and to nothing else.
 */
typedef struct byteor_type_batch {
  uint32_t struct_bytes; /* bytes of this type that byteor has filled in */
  uint32_t count;        /* records; 0 in byteor_call_finish */
  const byteor_type_record* records;
  uint8_t* actions;  /* one a record, BYTEOR_PASS at first */
  uint32_t* lengths; /* one a record, its length at first; NULL without BYTEOR_WRITES */
  const struct byteor_type_callbacks* callbacks;
  void* host; /* byteor's own, for callbacks */
} byteor_type_batch;

/*
 * The functions of byteor. To be called through the inline functions below.
 *
 * THREADS  the one that the call runs on, before the call returns.
 */
typedef struct byteor_type_callbacks {
  uint32_t struct_bytes;
  uint32_t reserved;
  int32_t (*emit)(void* host, uint32_t index, const void* data, uint32_t length);
  void (*fail)(void* host, uint32_t index, const char* message, uint64_t message_bytes);
} byteor_type_callbacks;

/*
 * Puts one more record in the place of records[index], behind those that were put there before; `index` never goes back
 * within a call. In byteor_call_finish, `index` is 0. 0 when it was taken; other than 0 when there is no memory for it
 * or it is longer than any record can be, and then records[index] fails whatever else is said of it.
 *
 * OWNERSHIP  `data` stays the plug-in's (or is a part of a record): byteor copies it before this returns.
 */
static inline int32_t byteor_callback_emit(const byteor_type_batch* batch, uint32_t index, const void* data,
                                           uint32_t length) {
  return batch->callbacks->emit(batch->host, index, data, length);
}

/*
 * Fails records[index], with a reason and what to do, as UTF-8; of a long text the first 400 bytes. What was emitted
 * for it before goes nowhere. In byteor_call_finish, it fails the stage.
 *
 * OWNERSHIP  `message` stays the plug-in's: byteor copies it before this returns.
 */
static inline void byteor_callback_fail(const byteor_type_batch* batch, uint32_t index, const char* message,
                                        uint64_t message_bytes) {
  batch->callbacks->fail(batch->host, index, message, message_bytes);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

/*
 * Makes an instance and says in `traits` what it does. NULL: the plug-in refuses the config, and has written why, and
 * what to do, to `message`, which holds `message_bytes` bytes with the zero at its end; the pipeline is then not
 * opened.
 *
 * OWNERSHIP  the instance is the plug-in's, until byteor hands it to byteor_call_destroy.
 * THREADS    the thread that opens the pipeline; several pipelines may be opened on several threads at once.
 */
typedef void* (*byteor_call_create)(const byteor_type_setup* setup, byteor_type_traits* traits, char* message,
                                    uint64_t message_bytes);

/*
 * Works on a batch of at least one record, and answers with how many of its first records it is done with: 1 to
 * batch->count, of which byteor reads the actions. The others are shown again in the next batch. A record that it is
 * done with is not shown again, also where there is no room yet for what becomes of it.
 *
 * THREADS  a native thread; one call at a time of each instance, and never beside another call of that instance. Not
 *          always the same thread: what one call writes, the next one sees. It should return within a millisecond or
 * so: `stop` and `halt` wait for it.
 */
typedef uint32_t (*byteor_call_process)(void* instance, const byteor_type_batch* batch);

/*
 * Nothing more comes: hands over what the instance has kept, by byteor_callback_emit. Called once, in a LaneGraph,
 * where the stage's input has ended. In a SingleRing there is no slot for more records, and this is not called.
 *
 * THREADS  as byteor_call_process.
 */
typedef void (*byteor_call_finish)(void* instance, const byteor_type_batch* batch);

/*
 * Writes what the instance has to tell, as JSON in UTF-8, to `text`, which holds `text_bytes` bytes, and answers with
 * how many it needs. Where that is more, byteor asks again with as many, once. A text that is not JSON is replaced by
 * one that says so.
 *
 * THREADS  any thread, never beside another call of the same instance.
 */
typedef uint64_t (*byteor_call_report)(void* instance, char* text, uint64_t text_bytes);

/*
 * Ends an instance. The last call of it.
 *
 * THREADS  any thread, behind every other call of the instance.
 */
typedef void (*byteor_call_destroy)(void* instance);

/*
 * What a plug-in is.
 *
 * OWNERSHIP  the plug-in's, and constant as long as the process lives: a library is never unloaded.
 */
typedef struct byteor_type_plugin {
  uint32_t abi;          /* BYTEOR_PLUGIN_ABI; the first member in every version */
  uint32_t struct_bytes; /* sizeof(byteor_type_plugin) */
  byteor_call_create create;
  byteor_call_process process;
  byteor_call_destroy destroy;
  byteor_call_finish finish; /* or NULL */
  byteor_call_report report; /* or NULL */
} byteor_type_plugin;

/*
 * The one function that a plug-in exports.
 *
 * THREADS  as byteor_call_create.
 */
BYTEOR_PLUGIN_EXPORT const byteor_type_plugin* byteor_plugin(void);

#ifdef __cplusplus
}
#endif

#endif
