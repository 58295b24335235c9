/* SPDX-License-Identifier: MIT */
/*
 * Layers end also where an exception leaves them, for which the compiler calls two functions of libgcc_s.
 * Every program that throws has that library; a shell that this one is preloaded into has not, and loading
 * it there would cost as much as all the rest. So both functions are ours, and ask the library's when
 * something was thrown.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

typedef _Unwind_Reason_Code personality_fn(int version, _Unwind_Action actions,
	_Unwind_Exception_Class class, struct _Unwind_Exception *thrown,
	struct _Unwind_Context *at);
typedef void resume_fn(struct _Unwind_Exception *thrown);

/* Under these names the compiler calls them. */
__attribute__((visibility("hidden")))
personality_fn erg_personality __asm__("__gcc_personality_v0");
__attribute__((visibility("hidden"))) resume_fn erg_resume __asm__("_Unwind_Resume");

/* The program's, or, where it is linked with a copy, the system's. It is not closed again. */
static void find(const char *symbol, void *ret)
{
	void *lib = dlopen("libgcc_s.so.1", RTLD_LAZY);
	void *f = lib ? dlsym(lib, symbol) : NULL;

	if (!f)
		abort(); /* who threw it, then? */
	memcpy(ret, &f, sizeof(f));
}

_Unwind_Reason_Code erg_personality(int version, _Unwind_Action actions,
	_Unwind_Exception_Class class, struct _Unwind_Exception *thrown, struct _Unwind_Context *at)
{
	personality_fn *theirs;

	find("__gcc_personality_v0", &theirs);
	return theirs(version, actions, class, thrown, at);
}

void erg_resume(struct _Unwind_Exception *thrown)
{
	resume_fn *theirs;

	find("_Unwind_Resume", &theirs);
	theirs(thrown);
	abort(); /* it does not return */
}
