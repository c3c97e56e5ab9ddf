/* The accelerator: counting, and the operators of wrapped floats, in C. opcount runs without it, only slower.

    Counter       one integer, which C increments and Python reads
    Draw          what `next` draws one operation from: it adds one to some Counters, and takes one from others
    Scalar, Node  subclasses of those written in Python, with faster + - * / where the values are floats
    accumulate    the loop of backprop on columns of floats

Whatever is not the common case is handed to Python, as other operands, a division by zero, a budget that is exhausted.
So Python says what an operation means, and what is written here is a faster way to the same. While the row of an
operation is replaced, its methods here are off the class (see `written_out` in opcount/wrapping/operations.py).
To read this, it suffices to know four things of CPython's C API. An object is a pointer to a struct that begins with
PyObject_HEAD: a reference count, and a pointer to its type. Who keeps a pointer increments the count (Py_INCREF), and
decrements it afterwards (Py_DECREF); at 0 the object's tp_dealloc runs. A "borrowed" pointer is one that somebody else
keeps alive for as long as it is used.
A function that gives NULL (or -1) has failed, with an exception set; its caller then gives NULL as well.
A type is a table of functions. Those of the types here are listed in "slots": Py_nb_multiply is what `*` calls,
whichever side the object is on.
Objects that can be part of a circle of references are known to the garbage collector ("tracked"). It asks for what they
refer to by tp_traverse, and breaks circles by tp_clear.

The interpreter's lock (GIL) is held throughout, and nothing between the look at a counter and its change can release
it: an operation is counted whole or not at all. In a build of Python without that lock the module refuses to load. */

#include <Python.h>
#include <float.h>
#include <structmember.h>

/* What the fast way takes: integers only beside a float, and np.float64, which is a subclass of float. */
enum kind { OTHER, INTEGER, FLOAT, FLOAT64 };

enum operator { ADD, SUB, MUL, DIV, OPERATORS };

static const char *const NAMES[OPERATORS] = {"add", "sub", "mul", "div"};
static const char *const METHODS[2 * OPERATORS] = { /* and then the reflected ones */
    "__add__", "__sub__", "__mul__", "__truediv__", "__radd__", "__rsub__", "__rmul__", "__rtruediv__"};

#define SPARE 128 /* how many dead Scalars are kept, to be used again without asking for memory */

/* The classes above, those in Python over which they are made, of tapes and of meters, and NumPy's float64. */
enum type { COUNTER, DRAW, SCALAR, PYTHON_SCALAR, NODE, PYTHON_NODE, TAPE, METER, NUMPY_FLOAT64, TYPES };

/* What a module object keeps. There is one for each interpreter that imports the module. */
typedef struct {
    PyTypeObject *types[TYPES];     /* all but the first two are NULL until make_scalar is called */
    PyObject *meter;                /* the context variable that holds the Meter in force */
    Py_ssize_t draw_at[OPERATORS];  /* where in a Meter the slots `add`, `sub`, `mul` and `div` are */
    Py_ssize_t tape_at, index_at, entries_at, constants_at; /* where in a Node and in its Tape these slots are */
    PyObject *methods[2 * OPERATORS]; /* METHODS as Python's strings */
    struct { PyObject *objects[SPARE]; int size; } spare[FLOAT64 + 1]; /* by the kind of float that they hold */
} State;

static struct PyModuleDef module_definition;
#ifndef __GNUC__ /* the others are told what runs rarely, and so make what runs often faster */
#define __attribute__(ignored)
#define __builtin_expect(value, expected) (value)
#endif

/* Give an object that was kept its first reference again; a build of Python that checks references is told. */
static inline PyObject *revived(PyObject *object)
{
#ifdef Py_REF_DEBUG
    Py_DECREF(Py_TYPE(object));
    return PyObject_Init(object, Py_TYPE(object));
#else
    Py_SET_REFCNT(object, 1);
    return object;
#endif
}

#define SPEC(name_, size, item, flags_, slots_)                                                               \
    {.name = "opcount." name_, .basicsize = size, .itemsize = item, .flags = Py_TPFLAGS_DEFAULT | (flags_), \
     .slots = slots_}

/* --- Counter */
typedef struct { PyObject_HEAD long long n; } Counter;

static int counter_init(PyObject *self, PyObject *arguments, PyObject *Py_UNUSED(keywords))
{
    return PyArg_ParseTuple(arguments, "|L:Counter", &((Counter *)self)->n) ? 0 : -1; /* 0 from the start */
}

static PyMemberDef counter_members[] = {{"n", T_LONGLONG, offsetof(Counter, n), 0, "the integer"}, {NULL}};
static PyType_Slot counter_slots[] = {{Py_tp_init, counter_init}, {Py_tp_members, counter_members}, {0, NULL}};
static PyType_Spec counter_spec = SPEC("_accelerated.Counter", sizeof(Counter), 0, 0, counter_slots);

/* --- Draw */
typedef struct {
    PyObject_VAR_HEAD     /* with how many counters there are at the end, Py_SIZE */
    PyObject *busy;       /* a Counter, not 0 while Python changes what is left of a budget */
    PyObject *otherwise;  /* called where the draw cannot be done here */
    PyObject *open;       /* NULL, or a dict that has to be empty: the counts that are open */
    Py_ssize_t limits;    /* how many of the counters, the first ones, are budgets: an operation takes one from each, */
    Counter *counters[1]; /* if all of them have one, and adds one to each of the others */
} Draw;

/* Count one operation; gives whether that was done. Nothing was changed if it was not. */
static inline int drawn(Draw *self)
{
    if (self->open != NULL && PyDict_GET_SIZE(self->open) != 0) { return 0; }
    if (self->limits != 0) {
        if (((Counter *)self->busy)->n != 0) { return 0; }
        for (Py_ssize_t i = 0; i < self->limits; i++) {
            if (self->counters[i]->n < 1) { return 0; }
        }
        for (Py_ssize_t i = 0; i < self->limits; i++) { self->counters[i]->n -= 1; }
    }
    for (Py_ssize_t i = self->limits; i < Py_SIZE(self); i++) { self->counters[i]->n += 1; }
    return 1;
}

static PyObject *draw_next(PyObject *self)
{
    return drawn((Draw *)self) ? Py_NewRef(Py_None) : PyObject_CallNoArgs(((Draw *)self)->otherwise);
}

/* Draw(counted, left, busy, otherwise, open=None). It is whole from the start, and never changes. */
static PyObject *draw_new(PyTypeObject *type, PyObject *arguments, PyObject *Py_UNUSED(keywords))
{
    PyTypeObject *counter = ((State *)PyType_GetModuleState(type))->types[COUNTER];
    PyObject *counted, *left, *busy, *otherwise, *open = NULL;
    if (!PyArg_ParseTuple(arguments, "O!O!O!O|O!:Draw", &PyTuple_Type, &counted, &PyTuple_Type, &left, counter, &busy,
                          &otherwise, &PyDict_Type, &open)) {
        return NULL;
    }
    Py_ssize_t limits = PyTuple_GET_SIZE(left), size = limits + PyTuple_GET_SIZE(counted);
    Draw *self = (Draw *)type->tp_alloc(type, size); /* all of it 0 */
    if (self == NULL) { return NULL; }
    self->busy = Py_NewRef(busy);
    self->otherwise = Py_NewRef(otherwise);
    self->open = Py_XNewRef(open);
    self->limits = limits;
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *item = i < limits ? PyTuple_GET_ITEM(left, i) : PyTuple_GET_ITEM(counted, i - limits);
        if (!Py_IS_TYPE(item, counter)) { Py_DECREF(self); return PyErr_Format(PyExc_TypeError, "no Counters"); }
        self->counters[i] = (Counter *)Py_NewRef(item);
    }
    return (PyObject *)self;
}

static int draw_traverse(PyObject *self, visitproc visit, void *arg) /* Py_VISIT uses the names `visit` and `arg` */
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Draw *)self)->otherwise);
    Py_VISIT(((Draw *)self)->open);
    return 0; /* no tp_clear: a circle can only pass through a dict or a function, which is cleared itself */
}

static void draw_dealloc(PyObject *object)
{
    Draw *self = (Draw *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    for (Py_ssize_t i = 0; i < Py_SIZE(self); i++) { Py_XDECREF(self->counters[i]); }
    Py_XDECREF(self->busy), Py_XDECREF(self->otherwise), Py_XDECREF(self->open);
    type->tp_free(object);
    Py_DECREF(type); /* an object keeps its type alive if the type was made at run time, as all of these are */
}

static PyType_Slot draw_slots[] = {
    {Py_tp_new, draw_new},           {Py_tp_dealloc, draw_dealloc},  {Py_tp_traverse, draw_traverse},
    {Py_tp_iter, PyObject_SelfIter}, {Py_tp_iternext, draw_next},    {0, NULL},
};
static PyType_Spec draw_spec =
    SPEC("_accelerated.Draw", offsetof(Draw, counters), sizeof(Counter *), Py_TPFLAGS_HAVE_GC, draw_slots);

/* --- Scalar: its memory

A Scalar that holds a float cannot be part of a circle, and is made untracked. Dead ones are kept with their float, if
nobody else has it, so that the next result needs no memory but only another number in that float. */

typedef struct {
    PyObject_HEAD
    PyObject *value; /* the slot `_value` of the class in Python; NULL in what `Scalar.__new__(Scalar)` makes */
    int untracked;   /* 0 in what is made in Python */
} Scalar;

static State nowhere;             /* where no Scalar has been made yet */
static State *recent = &nowhere;  /* that of the interpreter that has operated last: they share one lock */

static inline enum kind kind_of(State *state, PyObject *value)
{
    if (value == NULL) { return OTHER; }
    return PyFloat_CheckExact(value) ? FLOAT : Py_IS_TYPE(value, state->types[NUMPY_FLOAT64]) ? FLOAT64
           : PyLong_CheckExact(value) ? INTEGER : OTHER;
}

/* A Scalar that holds `value`, whose reference it takes over; not tracked. NULL and an exception if `value` is NULL. */
static PyObject *holding(State *state, PyObject *value)
{
    PyObject *self = value == NULL ? NULL : PyObject_GC_New(PyObject, state->types[SCALAR]);
    if (self == NULL) { Py_XDECREF(value); return NULL; }
    ((Scalar *)self)->value = value;
    ((Scalar *)self)->untracked = 1;
    return self;
}

/* A Scalar that holds a float of this kind. */
static inline PyObject *scalar_of(State *state, enum kind kind, double number)
{
    PyTypeObject *float64 = state->types[NUMPY_FLOAT64];
    PyObject *self =
        state->spare[kind].size > 0 ? revived(state->spare[kind].objects[--state->spare[kind].size])
        : kind == FLOAT             ? holding(state, PyFloat_FromDouble(number))
                                    : holding(state, float64->tp_alloc(float64, 0));
    if (self != NULL) {
        ((PyFloatObject *)((Scalar *)self)->value)->ob_fval = number; /* nobody else has this float */
    }
    return self;
}

static int scalar_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Scalar *)self)->value);
    return 0;
}
static int scalar_clear(PyObject *self) { Py_CLEAR(((Scalar *)self)->value); return 0; }

static void scalar_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self); /* a subclass, if its own tp_dealloc has called this one */
    PyObject *value = ((Scalar *)self)->value;
    if (!((Scalar *)self)->untracked) {
        PyObject_GC_UnTrack(self);
        ((Scalar *)self)->untracked = 1;
    }
    if (type == recent->types[SCALAR]) {
        enum kind kind = kind_of(recent, value);
        if (kind >= FLOAT && recent->spare[kind].size < SPARE && Py_REFCNT(value) == 1) {
            recent->spare[kind].objects[recent->spare[kind].size++] = self; /* which keeps its type */
            return;
        }
    }
    Py_XDECREF(value);
    type->tp_free(self);
    Py_DECREF(type);
}

/* --- Scalar: its operators */
/* What an operand is, or holds; `number` is set to it, unless that is OTHER. */
static inline enum kind unwrapped(State *state, PyObject *operand, double *number)
{
    PyObject *value = Py_IS_TYPE(operand, state->types[SCALAR]) ? ((Scalar *)operand)->value : operand;
    enum kind kind = kind_of(state, value);
    if (kind >= FLOAT) { *number = PyFloat_AS_DOUBLE(value); }
    if (kind == INTEGER) {
        int overflow;
        long long integer = PyLong_AsLongLongAndOverflow(value, &overflow);
        *number = (double)integer;
        return !overflow && integer <= (1LL << 53) && integer >= -(1LL << 53) ? INTEGER : OTHER;
    }
    return kind;
}

/* The Draw of the instruction that executes, by its place in memory, or NULL; see opcount/counting/sites.py. */
__attribute__((cold, noinline)) static PyObject *of_instruction(PyObject *draws)
{
    PyFrameObject *frame = PyDict_Check(draws) ? PyEval_GetFrame() : NULL;
    if (frame == NULL) { return draws; }
    PyCodeObject *code = PyFrame_GetCode(frame);
    PyObject *place = PyLong_FromVoidPtr((char *)code + PyFrame_GetLasti(frame));
    PyObject *draw = place == NULL ? NULL : PyDict_GetItem(draws, place); /* borrowed, and without an exception */
    Py_DECREF(code), Py_XDECREF(place);
    return draw;
}

/* Count one operation of the meter in force: 1 if that was done, 0 if Python has to, -1 with an exception. */
static inline int counted(State *state, enum operator operator)
{
    PyObject *meter;
    if (PyContextVar_Get(state->meter, NULL, &meter) < 0) { return -1; }
    PyObject **slot = (PyObject **)((char *)meter + state->draw_at[operator]); /* if it is a Meter */
    PyObject *draw = PyObject_TypeCheck(meter, state->types[METER]) ? *slot : NULL;
    if (draw != NULL && __builtin_expect(!Py_IS_TYPE(draw, state->types[DRAW]), 0)) { draw = of_instruction(draw); }
    int done = draw != NULL && Py_IS_TYPE(draw, state->types[DRAW]) && drawn((Draw *)draw);
    Py_DECREF(meter); /* it has a default, and so is never NULL */
    return done;
}

/* The class in Python above the class of an object, if that is one of those here; borrowed, or NULL. */
static PyObject *python_class(State *state, PyObject *object)
{
    PyTypeObject *scalar = state->types[PYTHON_SCALAR], *node = state->types[PYTHON_NODE];
    if (scalar != NULL && PyObject_TypeCheck(object, scalar)) { return (PyObject *)scalar; }
    return node != NULL && PyObject_TypeCheck(object, node) ? (PyObject *)node : NULL;
}

/* What Python's class does: the same as the interpreter, which would ask the left operand, and then the right one. */
__attribute__((cold, noinline)) static PyObject *by_python(PyObject *left, PyObject *right, enum operator operator)
{
    PyObject *lefts = python_class(recent, left), *rights = python_class(recent, right);
    for (int i = 0; i < 2 && lefts == NULL && rights == NULL; i++) { /* they are of another interpreter */
        PyObject *module = PyType_GetModuleByDef(Py_TYPE(i == 0 ? left : right), &module_definition);
        if (module == NULL) { PyErr_Clear(); continue; }
        recent = PyModule_GetState(module);
        lefts = python_class(recent, left), rights = python_class(recent, right);
    }
    if (lefts == NULL && rights == NULL) { return Py_NewRef(Py_NotImplemented); }
    if (lefts != NULL) {
        PyObject *result = PyObject_CallMethodObjArgs(lefts, recent->methods[operator], left, right, NULL);
        if (result != Py_NotImplemented || rights == NULL || Py_IS_TYPE(left, Py_TYPE(right))) { return result; }
        Py_DECREF(result);
    }
    return PyObject_CallMethodObjArgs(rights, recent->methods[OPERATORS + operator], right, left, NULL);
}

/* The number that an operation on floats of this kind gives; gives whether it may be computed here. */
static inline int computed(enum operator operator, enum kind kind, double a, double b, double *number)
{
    if (kind < FLOAT || (operator == DIV && b == 0.0)) { return 0; }
    *number = operator == ADD ? a + b : operator == SUB ? a - b : operator == MUL ? a * b : a / b;
    return __builtin_expect(kind == FLOAT, 1) || (fabs(*number) > DBL_MIN && fabs(*number) <= DBL_MAX)
           || (*number == 0.0 && (operator <= SUB || a == 0.0 || b == 0.0)); /* else NumPy may warn or raise */
}

/* --- Node

A number of a graph. While all of them are floats, what is known of them is an Entry each in the tape's `entries`,
which is a bytearray, and a Node is no more than its tape and its index there; it dies as soon as the program drops it.
Python fills in what else it has when it is asked for (see opcount/tracing/entries.py). */

typedef struct {
    double value;
    int32_t operands[2];     /* the index of an entry, or -2 - the index in the tape's list `constants` */
    unsigned char operation; /* the index of its row in entries.ROWS, where the operators are first; NUMPYS + that */
} Entry;                     /* if the value is NumPy's */
#define NUMPYS 128
#define SLOT(object, at) (*(PyObject **)((char *)(object) + (at)))

/* What an operand holds, as in `unwrapped`, and how an entry of this tape refers to it. */
static inline enum kind referred(State *state, PyObject *operand, PyObject *tape, double *number, int32_t *reference)
{
    PyObject *entries = SLOT(tape, state->entries_at), *constants = SLOT(tape, state->constants_at);
    if (Py_IS_TYPE(operand, state->types[NODE])) {
        int ours = SLOT(operand, state->tape_at) == tape && SLOT(operand, state->index_at) != NULL;
        Py_ssize_t at = ours ? PyLong_AsSsize_t(SLOT(operand, state->index_at)) : -1;
        if (at < 0 || at >= PyByteArray_GET_SIZE(entries) / (Py_ssize_t)sizeof(Entry)) { return OTHER; }
        Entry *entry = (Entry *)PyByteArray_AS_STRING(entries) + at;
        *number = entry->value;
        *reference = (int32_t)at;
        return entry->operation & NUMPYS ? FLOAT64 : FLOAT;
    }
    enum kind kind = unwrapped(state, operand, number);
    *reference = -2 - (int32_t)PyList_GET_SIZE(constants);
    return kind == OTHER || PyList_Append(constants, operand) < 0 ? OTHER : kind;
}

__attribute__((noinline)) static PyObject *operate_on_nodes(PyObject *left, PyObject *right, enum operator operator)
{
    State *state = recent;
    PyObject *node = Py_IS_TYPE(left, state->types[NODE]) ? left : right;
    PyObject *tape = Py_IS_TYPE(node, state->types[NODE]) ? SLOT(node, state->tape_at) : NULL;
    PyObject *entries = tape != NULL && Py_IS_TYPE(tape, state->types[TAPE]) ? SLOT(tape, state->entries_at) : NULL;
    if (entries == NULL || !PyByteArray_CheckExact(entries) || ((PyByteArrayObject *)entries)->ob_exports > 0
        || PyByteArray_GET_SIZE(entries) / sizeof(Entry) > INT32_MAX - 2) {
        return by_python(left, right, operator);
    }
    double a = 0.0, b = 0.0;
    Entry entry = {.operation = operator};
    enum kind left_kind = referred(state, left, tape, &a, &entry.operands[0]);
    enum kind right_kind = referred(state, right, tape, &b, &entry.operands[1]);
    enum kind kind = left_kind > right_kind ? left_kind : right_kind;
    if (left_kind == OTHER || right_kind == OTHER || !computed(operator, kind, a, b, &entry.value)) {
        return PyErr_Occurred() ? NULL : by_python(left, right, operator);
    }
    entry.operation |= kind == FLOAT64 ? NUMPYS : 0;
    Py_ssize_t size = PyByteArray_GET_SIZE(entries);
    PyObject *result = state->types[NODE]->tp_alloc(state->types[NODE], 0);
    PyObject *index = PyLong_FromSsize_t(size / (Py_ssize_t)sizeof(Entry));
    int grown = result != NULL && index != NULL && PyByteArray_Resize(entries, size + sizeof(Entry)) == 0;
    int done = grown ? counted(state, operator) : -1;
    if (done < 1) {
        Py_XDECREF(result), Py_XDECREF(index);
        if (grown && PyByteArray_Resize(entries, size) < 0) { return NULL; }
        return done < 0 ? NULL : by_python(left, right, operator);
    }
    memcpy(PyByteArray_AS_STRING(entries) + size, &entry, sizeof(Entry));
    SLOT(result, state->index_at) = index, SLOT(result, state->tape_at) = Py_NewRef(tape);
    return result;
}
/* --- the operators */
/* The result is made first and counted then: if there is no memory for it, nothing has been counted. */
static inline PyObject *operate(PyObject *left, PyObject *right, enum operator operator)
{
    State *state = recent;
    if (!Py_IS_TYPE(left, state->types[SCALAR]) && !Py_IS_TYPE(right, state->types[SCALAR])) {
        return operate_on_nodes(left, right, operator);
    }
    double a = 0.0, b = 0.0, number;
    enum kind left_kind = unwrapped(state, left, &a), right_kind = unwrapped(state, right, &b);
    enum kind kind = left_kind > right_kind ? left_kind : right_kind;
    if (left_kind == OTHER || right_kind == OTHER || !computed(operator, kind, a, b, &number)) {
        return by_python(left, right, operator);
    }
    PyObject *result = scalar_of(state, kind, number);
    int done = result == NULL ? -1 : counted(state, operator);
    if (done == 1) { return result; }
    Py_XDECREF(result);
    return done < 0 ? NULL : by_python(left, right, operator);
}

static PyObject *add(PyObject *left, PyObject *right) { return operate(left, right, ADD); }
static PyObject *subtract(PyObject *left, PyObject *right) { return operate(left, right, SUB); }
static PyObject *multiply(PyObject *left, PyObject *right) { return operate(left, right, MUL); }
static PyObject *divide(PyObject *left, PyObject *right) { return operate(left, right, DIV); }

#define OF_NUMBERS {Py_nb_add, add}, {Py_nb_subtract, subtract}, {Py_nb_multiply, multiply}, {Py_nb_true_divide, divide}

static PyType_Slot scalar_slots[] = {
    OF_NUMBERS, {Py_tp_dealloc, scalar_dealloc}, {Py_tp_traverse, scalar_traverse}, {Py_tp_clear, scalar_clear},
    {0, NULL}};
static PyType_Spec scalar_spec =
    SPEC("arrays.scalar.Scalar", sizeof(Scalar), 0, Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, scalar_slots);

static PyType_Slot node_slots[] = {OF_NUMBERS, {0, NULL}}; /* the rest is what a class in Python has */
static PyType_Spec node_spec = SPEC("tracing.nodes.Node", 0, 0, Py_TPFLAGS_BASETYPE, node_slots);

/* --- accumulation

accumulate(operands, kinds, partials, states, derivatives, after, width, along): the sums of the chain rule in a loop
over the nodes and their `width` operands, into `states` and `derivatives`; gives how often an edge met what. See
opcount/derivatives/flat.py, which has the same in Python. Without partials there are only states. */
static PyObject *accumulate(PyObject *module, PyObject *arguments)
{
    enum { OPERANDS, KINDS, PARTIALS, NODE_STATES, DERIVATIVES, AFTER, BUFFERS };
    Py_buffer of[BUFFERS];
    Py_ssize_t width, times[256] = {0};
    int along;
    if (!PyArg_ParseTuple(arguments, "y*y*y*w*w*y*np:accumulate", &of[OPERANDS], &of[KINDS], &of[PARTIALS],
                          &of[NODE_STATES], &of[DERIVATIVES], &of[AFTER], &width, &along)) {
        return NULL;
    }
    const int32_t *operands = of[OPERANDS].buf;
    const unsigned char *kinds = of[KINDS].buf, *after = of[AFTER].buf;
    const double *partials = of[PARTIALS].buf;
    unsigned char *states = of[NODE_STATES].buf;
    double *derivatives = of[DERIVATIVES].buf;
    Py_ssize_t nodes = of[NODE_STATES].len, edges = of[KINDS].len, half = of[AFTER].len / 2;
    int valued = of[PARTIALS].len > 0;
    int bad = half > 128 || edges != nodes * width || of[OPERANDS].len != 4 * edges
              || (valued && (of[PARTIALS].len != 8 * edges || of[DERIVATIVES].len != 8 * nodes));
    for (Py_ssize_t i = 0; i < edges && !bad; i++) {
        Py_ssize_t node = along ? i / width : nodes - 1 - i / width, edge = node * width + i % width;
        if (kinds[edge] == 255) { continue; }
        Py_ssize_t start = along ? operands[edge] : node, end = along ? node : operands[edge], met = 2 * half;
        if (start >= 0 && start < nodes && end >= 0 && end < nodes) {
            if (states[start] == 0) { continue; }
            met = 3 * states[start] + kinds[edge] + (states[end] ? half : 0);
        }
        if ((bad = met >= 2 * half)) { continue; }
        double term = valued ? derivatives[start] * partials[edge] : 0.0;
        if (valued) { derivatives[end] = states[end] ? derivatives[end] + term : term; }
        states[end] = after[met];
        times[met]++;
    }
    PyObject *found = bad ? PyErr_Format(PyExc_ValueError, "columns that do not fit") : PyList_New(2 * half);
    for (Py_ssize_t i = 0; found != NULL && i < 2 * half; i++) {
        PyList_SET_ITEM(found, i, PyLong_FromSsize_t(times[i]));
    }
    for (int i = 0; i < BUFFERS; i++) { PyBuffer_Release(&of[i]); }
    return found;
}

/* --- the module */
/* Where in the objects of a class one of its `__slots__` is, in bytes; -1 if there is no such slot. */
static Py_ssize_t slot_of(PyTypeObject *type, const char *name)
{
    PyObject *descriptor = PyObject_GetAttrString((PyObject *)type, name);
    int found = descriptor != NULL && Py_IS_TYPE(descriptor, &PyMemberDescr_Type);
    Py_ssize_t at = found ? ((PyMemberDescrObject *)descriptor)->d_member->offset : -1;
    Py_XDECREF(descriptor);
    return at;
}

/* make_scalar(python_scalar, float64, meter, meter_type): the subclass of the Scalar that is written in Python.
   `float64` is NumPy's; `meter` is the context variable that holds the Meter in force, and `meter_type` its class. */
static PyObject *make_scalar(PyObject *module, PyObject *arguments)
{
    State *state = PyModule_GetState(module);
    PyTypeObject *python_scalar, *float64, *meter_type;
    PyObject *meter;
    if (!PyArg_ParseTuple(arguments, "O!O!O!O!:make_scalar", &PyType_Type, &python_scalar, &PyType_Type, &float64,
                          &PyContextVar_Type, &meter, &PyType_Type, &meter_type)) {
        return NULL;
    }
    if (state->types[SCALAR] != NULL) { return PyErr_Format(PyExc_RuntimeError, "there is a Scalar already"); }
    int fits = slot_of(python_scalar, "_value") == offsetof(Scalar, value);
    for (int i = 0; i < OPERATORS; i++) {
        state->draw_at[i] = slot_of(meter_type, NAMES[i]);
        fits = fits && state->draw_at[i] > 0;
    }
    if (!fits) { return PyErr_Format(PyExc_TypeError, "the classes do not have the slots that the accelerator knows"); }
    state->types[PYTHON_SCALAR] = (PyTypeObject *)Py_NewRef(python_scalar);
    state->types[NUMPY_FLOAT64] = (PyTypeObject *)Py_NewRef(float64);
    state->types[METER] = (PyTypeObject *)Py_NewRef(meter_type);
    state->meter = Py_NewRef(meter);
    recent = state;
    state->types[SCALAR] = (PyTypeObject *)PyType_FromModuleAndSpec(module, &scalar_spec, (PyObject *)python_scalar);
    return Py_XNewRef((PyObject *)state->types[SCALAR]);
}

/* make_node(python_node, tape): the subclass of the Node that is written in Python. */
static PyObject *make_node(PyObject *module, PyObject *arguments)
{
    State *state = PyModule_GetState(module);
    PyTypeObject *node, *tape;
    if (!PyArg_ParseTuple(arguments, "O!O!:make_node", &PyType_Type, &node, &PyType_Type, &tape)) { return NULL; }
    state->tape_at = slot_of(node, "tape"), state->index_at = slot_of(node, "index");
    state->entries_at = slot_of(tape, "entries"), state->constants_at = slot_of(tape, "constants");
    int fits = state->tape_at > 0 && state->index_at > 0 && state->entries_at > 0 && state->constants_at > 0;
    if (!fits || state->types[NODE] != NULL) { return PyErr_Format(PyExc_TypeError, "no classes to make a Node of"); }
    state->types[PYTHON_NODE] = (PyTypeObject *)Py_NewRef(node);
    state->types[TAPE] = (PyTypeObject *)Py_NewRef(tape);
    state->types[NODE] = (PyTypeObject *)PyType_FromModuleAndSpec(module, &node_spec, (PyObject *)node);
    return Py_XNewRef((PyObject *)state->types[NODE]);
}

static PyObject *number(PyObject *module, PyObject *value)
{
    State *state = PyModule_GetState(module);
    if (state->types[SCALAR] == NULL) { return PyErr_Format(PyExc_RuntimeError, "there is no Scalar yet"); }
    enum kind kind = kind_of(state, value);
    PyObject *self =
        kind >= FLOAT ? scalar_of(state, kind, PyFloat_AS_DOUBLE(value)) : holding(state, Py_NewRef(value));
    if (self != NULL && kind < FLOAT) {
        ((Scalar *)self)->untracked = 0;
        PyObject_GC_Track(self);
    }
    return self;
}

static PyMethodDef module_methods[] = {
    {"make_scalar", make_scalar, METH_VARARGS, "The Scalar whose operators are in C."},
    {"make_node", make_node, METH_VARARGS, "The Node whose operators are in C."},
    {"accumulate", accumulate, METH_VARARGS, "The sums of the chain rule along edges, as columns."},
    {"number", number, METH_O, "A Scalar, without a look at what it holds."},
    {NULL},
};

static int module_exec(PyObject *module)
{
#ifdef Py_GIL_DISABLED
    PyErr_SetString(PyExc_ImportError, "opcount's accelerator relies on the interpreter's lock");
    return -1;
#endif
    State *state = PyModule_GetState(module);
    for (int i = 0; i < 2 * OPERATORS; i++) {
        if ((state->methods[i] = PyUnicode_InternFromString(METHODS[i])) == NULL) { return -1; }
    }
    state->types[COUNTER] = (PyTypeObject *)PyType_FromSpec(&counter_spec); /* untracked objects: out of circles */
    state->types[DRAW] = (PyTypeObject *)PyType_FromModuleAndSpec(module, &draw_spec, NULL);
    if (state->types[COUNTER] == NULL || PyModule_AddType(module, state->types[COUNTER]) < 0
        || state->types[DRAW] == NULL || PyModule_AddType(module, state->types[DRAW]) < 0) {
        return -1;
    }
    return PyModule_AddIntConstant(module, "INTERFACE", 2); /* what opcount/counting/accelerator.py asks for */
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    for (int i = 0; i < TYPES; i++) { Py_VISIT(state->types[i]); }
    Py_VISIT(state->meter);
    for (int i = state->spare[FLOAT].size + state->spare[FLOAT64].size; i > 0; i--) {
        Py_VISIT(state->types[SCALAR]); /* which each of them keeps */
    }
    return 0;
}

static int module_clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    if (recent == state) { recent = &nowhere; }
    for (enum kind kind = FLOAT; kind <= FLOAT64; kind++) {
        while (state->spare[kind].size > 0) { /* not to be kept again, as the state is not `recent` */
            Py_DECREF(revived(state->spare[kind].objects[--state->spare[kind].size]));
        }
    }
    for (int i = 0; i < TYPES; i++) { Py_CLEAR(state->types[i]); }
    Py_CLEAR(state->meter);
    for (int i = 0; i < 2 * OPERATORS; i++) { Py_CLEAR(state->methods[i]); }
    return 0;
}

static void module_free(void *module) { module_clear(module); }

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED}, /* or the import that fails would switch the lock on */
#endif
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, .m_name = "opcount._accelerated", .m_size = sizeof(State), .m_methods = module_methods,
    .m_slots = module_slots, .m_traverse = module_traverse, .m_clear = module_clear, .m_free = module_free,
};

PyMODINIT_FUNC PyInit__accelerated(void) { return PyModuleDef_Init(&module_definition); }
