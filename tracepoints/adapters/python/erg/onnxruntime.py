# SPDX-License-Identifier: MIT
"""ONNX Runtime from its Python wheel, which keeps its C functions to itself:

    session = onnxruntime.InferenceSession("net.onnx", erg.onnxruntime.SessionOptions())

The nodes of such a session are layers, with the names that they have after fusion. ONNX Runtime
profiles the session, and the profile is read when the session goes, at the latest when the program
ends. Options whose enable_profiling is set already are left as they are. Where nothing records when
the session is made, it is not profiled.

Reading the profile is done by liberg-onnxruntime.so, beside this package.
"""
import ctypes
import fcntl
import functools
import os
import shutil
import tempfile
import weakref

from . import _lib

__all__ = ["SessionOptions"]


def _open():
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        lib = ctypes.CDLL(os.path.join(folder, "liberg-onnxruntime.so"))
        lib.erg_onnxruntime_note.restype = None
        lib.erg_onnxruntime_write.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint64,
                                              ctypes.c_uint32]
        return lib
    except (OSError, AttributeError):
        return None


_reader = None
_followed = []
"""The finalizers of sessions, each with its profile."""
_marked = []
"""Options that were made here. They stay, because a number of theirs that is used again would mark
another object."""


def _recording():
    return _lib.layers_on.value or _lib.counted_on.value


def _say(text):
    _lib.marker(_lib.text("erg: onnxruntime: " + text), 0)


def _folder():
    """A new folder and its lock, without which the next process removes it (onnxruntime/folder.h)."""
    while True:
        path = tempfile.mkdtemp(prefix="erg-onnxruntime-%d-" % os.getpid())
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        except OSError:
            pass  # a place without locks, where nobody gets the one for removing, either
        if os.fstat(lock).st_nlink:
            return path, lock
        os.close(lock)


class _Profile:
    """The profile of one session, in a folder that is gone as soon as the file is open."""

    def __init__(self, options):
        self.options = options
        self.process = os.getpid()
        self.inherited = False
        self.folder, self.lock = _folder()
        self.file = None
        options.enable_profiling = True
        options.profile_file_prefix = os.path.join(self.folder, "profile")

    def made(self):
        """The session has been made, or could not be: puts the options back."""
        self.options.enable_profiling = False
        names = os.listdir(self.folder)
        if names:
            self.file = open(os.path.join(self.folder, names[0]), "rb")
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.lock)

    def part(self):
        """In a child of fork: from here on it is this process's own. Whether it can be."""
        if self.process == os.getpid():
            return self.file is not None
        self.process, self.inherited = os.getpid(), True
        fd = _reader.erg_onnxruntime_part(self.file.fileno()) if self.file else -1
        if self.file:
            self.file.close()
        self.file = open(fd, "rb") if fd >= 0 else None
        return self.file is not None


def _wrap_leave(original):
    """For os._exit, which ends the children of multiprocessing: nothing is finalized then."""

    @functools.wraps(original)
    def leave(*args, **kwargs):
        for profile, finalizer in _followed:
            if profile.process == os.getpid():
                finalizer()
        return original(*args, **kwargs)

    leave._erg_wrapped = True
    return leave


def _finish(inner, profile, model, start_ns):
    """The session is gone but for INNER, what it held."""
    try:
        # of a child that did not run it nobody wants to know, but it is not to write its parent's
        ran = profile.process == os.getpid()
        if not profile.part():
            return
        inner.end_profiling()
        path = "/proc/self/fd/%d" % profile.file.fileno()
        process = profile.process if profile.inherited else 0
        if ran and _reader.erg_onnxruntime_write(path.encode(), _lib.text(model), start_ns, process):
            _say("%s: its profile cannot be opened: no layers" % model)
        profile.file.close()
    except Exception as error:  # nothing of ours may end a program
        _say("%s: %s: no layers" % (model, error))


def _follow(session, profile, model):
    inner = getattr(session, "_sess", None)
    if profile.file is None or inner is None:
        _say("%s: this release of onnxruntime is not known: no layers" % model)
        return
    _reader.erg_onnxruntime_note()
    session._erg_followed = profile, model
    _followed[:] = [f for f in _followed if f[1].alive]
    _followed.append((profile, weakref.finalize(session, _finish, inner, profile, model,
                                                session.get_profiling_start_time_ns())))
    if not getattr(os._exit, "_erg_wrapped", False):
        os._exit = _wrap_leave(os._exit)


def _wrap_init(original):
    @functools.wraps(original)
    def init(self, path_or_bytes, sess_options=None, *args, **kwargs):
        profile = None
        if _recording() and any(o is sess_options for o in _marked):
            if not sess_options.enable_profiling:
                profile = _Profile(sess_options)
                _reader.erg_onnxruntime_note()
        try:
            original(self, path_or_bytes, sess_options, *args, **kwargs)
        finally:
            if profile:
                profile.made()
        if profile:
            model = path_or_bytes if isinstance(path_or_bytes, (str, os.PathLike)) else "model"
            _follow(self, profile, os.fspath(model))

    init._erg_wrapped = True
    return init


def _wrap_run(original):
    @functools.wraps(original)
    def run(self, *args, **kwargs):
        profile, model = getattr(self, "_erg_followed", (None, None))
        if profile:
            _reader.erg_onnxruntime_note()
            if profile.process != os.getpid() and not profile.part():
                _say("%s: goes on in a child of fork, where its profile cannot be parted from that of "
                     "the parent: no layers there" % model)
        return original(self, *args, **kwargs)

    return run


def _wrap(cls):
    if getattr(cls.__init__, "_erg_wrapped", False):
        return
    cls.__init__ = _wrap_init(cls.__init__)
    for name in ("run", "run_with_iobinding"):
        if hasattr(cls, name):
            setattr(cls, name, _wrap_run(getattr(cls, name)))


def SessionOptions(options=None):
    """onnxruntime.SessionOptions whose sessions are recorded; OPTIONS, or new ones."""
    global _reader
    import onnxruntime

    if options is None:
        options = onnxruntime.SessionOptions()
    if not _recording():
        return options
    if _reader is None:
        _reader = _open()
    if _reader is None:
        _say("liberg-onnxruntime.so is not installed: no layers")
        return options
    _wrap(onnxruntime.InferenceSession)
    if not any(o is options for o in _marked):
        _marked.append(options)
    return options
