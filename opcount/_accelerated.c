/* The accelerator: counting, and the operators of wrapped floats, in C. opcount runs without it, only slower.

It holds three classes:

    Counter   one integer, which C increments and Python reads
    Draw      what `next` draws one operation from: it adds one to some Counters, and takes one from others
    Scalar    a subclass of the Scalar that is written in Python, with faster + - * / where the values are floats

Whatever is not the common case is handed to Python: an operand that is neither a float nor a small integer, a division
by zero, a budget that is exhausted, a count that is open in another thread. So Python says what an operation means,
and what is written here is only ever a faster way to the same result. Where the row of an operation was replaced, the
methods of that operation are taken off the class (see `written_out` in opcount/wrapping/operations.py), and Python's
are called.

To read this, it suffices to know four things of CPython's C API.

    An object is a pointer to a struct that begins with PyObject_HEAD: a reference count, and a pointer to its type.
    Who keeps a pointer increments the count (Py_INCREF), and decrements it afterwards (Py_DECREF); at 0 the object's
    tp_dealloc runs. A "borrowed" pointer is one that somebody else keeps alive for as long as it is used.

    A function that gives NULL (or -1) has failed, with an exception set; its caller then gives NULL as well.

    A type is a table of functions. Those that are made here are listed in "slots": Py_nb_multiply is what `*` calls,
    whichever side the object is on.

    Objects that can be part of a circle of references are known to the garbage collector ("tracked"). It asks for
    what they refer to by tp_traverse, and breaks circles by tp_clear.

The interpreter's lock (GIL) is held throughout, and nothing between the look at a counter and its change can release
it, so an operation is counted whole or not at all. In a build of Python without that lock the module refuses to load. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

enum operator { ADD, SUB, MUL, DIV, OPERATORS };

static const struct { const char *name, *method, *reflected; } WORDS[OPERATORS] = {
    {"add", "__add__", "__radd__"},
    {"sub", "__sub__", "__rsub__"},
    {"mul", "__mul__", "__rmul__"},
    {"div", "__truediv__", "__rtruediv__"},
};

#define SPARE 128 /* how many dead Scalars are kept, to be used again without asking for memory */

/* What a module object keeps. There is one for each interpreter that imports the module. */
typedef struct {
    PyTypeObject *counter;
    PyTypeObject *draw;
    PyTypeObject *scalar;           /* NULL until make_scalar is called, as are the next four */
    PyTypeObject *python_scalar;    /* the class in Python over which it is made */
    PyObject *meter;                /* the context variable that holds the Meter in force */
    PyTypeObject *meter_type;
    Py_ssize_t draw_at[OPERATORS];  /* where in a Meter the slots `add`, `sub`, `mul` and `div` are */
    PyObject *methods[OPERATORS];   /* the names of the methods, as Python's strings */
    PyObject *reflected[OPERATORS];
    PyObject *spare[SPARE];
    int spares;
} State;

static struct PyModuleDef module_definition;

/* Said of what runs rarely: it is compiled apart, and what runs often is the faster for it. */
#ifdef __GNUC__
#define RARELY __attribute__((cold, noinline))
#else
#define RARELY
#endif

/* The object in a slot of another one (as made by `__slots__`), borrowed; NULL if the slot is empty. */
#define SLOT(object, at) (*(PyObject **)((char *)(object) + (at)))

/* Give an object that was kept its first reference again; a build of Python that checks references is told. */
static inline PyObject *
revived(PyObject *object)
{
#ifdef Py_REF_DEBUG
    Py_DECREF(Py_TYPE(object));
    return PyObject_Init(object, Py_TYPE(object));
#else
    Py_SET_REFCNT(object, 1);
    return object;
#endif
}

/* --- Counter */

typedef struct {
    PyObject_HEAD
    long long n;
} Counter;

static int
counter_init(PyObject *self, PyObject *arguments, PyObject *Py_UNUSED(keywords))
{
    return PyArg_ParseTuple(arguments, "|L:Counter", &((Counter *)self)->n) ? 0 : -1; /* 0 from the start */
}

static PyMemberDef counter_members[] = {
    {"n", T_LONGLONG, offsetof(Counter, n), 0, "the integer"},
    {NULL},
};

static PyType_Slot counter_slots[] = {
    {Py_tp_init, counter_init},
    {Py_tp_members, counter_members},
    {0, NULL},
};

static PyType_Spec counter_spec = {
    .name = "opcount._accelerated.Counter",
    .basicsize = sizeof(Counter),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = counter_slots,
};

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
static inline int
drawn(Draw *self)
{
    if (self->open != NULL && PyDict_GET_SIZE(self->open) != 0) {
        return 0;
    }
    if (self->limits != 0) {
        if (((Counter *)self->busy)->n != 0) {
            return 0;
        }
        for (Py_ssize_t i = 0; i < self->limits; i++) {
            if (self->counters[i]->n < 1) {
                return 0;
            }
        }
        for (Py_ssize_t i = 0; i < self->limits; i++) {
            self->counters[i]->n -= 1;
        }
    }
    for (Py_ssize_t i = self->limits; i < Py_SIZE(self); i++) {
        self->counters[i]->n += 1;
    }
    return 1;
}

static PyObject *
draw_next(PyObject *self)
{
    if (drawn((Draw *)self)) {
        Py_RETURN_NONE;
    }
    return PyObject_CallNoArgs(((Draw *)self)->otherwise);
}

/* Draw(counted, left, busy, otherwise, open=None). It is whole from the start, and never changes. */
static PyObject *
draw_new(PyTypeObject *type, PyObject *arguments, PyObject *Py_UNUSED(keywords))
{
    PyTypeObject *counter = ((State *)PyType_GetModuleState(type))->counter;
    PyObject *counted, *left, *busy, *otherwise, *open = NULL;
    if (!PyArg_ParseTuple(arguments, "O!O!O!O|O!:Draw", &PyTuple_Type, &counted, &PyTuple_Type, &left, counter, &busy,
                          &otherwise, &PyDict_Type, &open)) {
        return NULL;
    }
    Py_ssize_t limits = PyTuple_GET_SIZE(left), size = limits + PyTuple_GET_SIZE(counted);
    Draw *self = (Draw *)type->tp_alloc(type, size); /* all of it 0 */
    if (self == NULL) {
        return NULL;
    }
    self->busy = Py_NewRef(busy);
    self->otherwise = Py_NewRef(otherwise);
    self->open = Py_XNewRef(open);
    self->limits = limits;
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *item = i < limits ? PyTuple_GET_ITEM(left, i) : PyTuple_GET_ITEM(counted, i - limits);
        if (!Py_IS_TYPE(item, counter)) {
            Py_DECREF(self);
            return PyErr_Format(PyExc_TypeError, "a Draw is made of tuples of Counters");
        }
        self->counters[i] = (Counter *)Py_NewRef(item);
    }
    return (PyObject *)self;
}

static int
draw_traverse(PyObject *self, visitproc visit, void *arg) /* Py_VISIT uses the names `visit` and `arg` */
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Draw *)self)->otherwise);
    Py_VISIT(((Draw *)self)->open);
    return 0;
}

/* No tp_clear: Counters refer to nothing, so a circle can only pass through `open` or `otherwise`, which is a dict or a
   function and is cleared itself. A Draw stays whole for as long as somebody may draw from it. */

static void
draw_dealloc(PyObject *object)
{
    Draw *self = (Draw *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    for (Py_ssize_t i = 0; i < Py_SIZE(self); i++) {
        Py_XDECREF(self->counters[i]);
    }
    Py_XDECREF(self->busy);
    Py_XDECREF(self->otherwise);
    Py_XDECREF(self->open);
    type->tp_free(object);
    Py_DECREF(type); /* an object keeps its type alive if the type was made at run time, as all of these are */
}

static PyType_Slot draw_slots[] = {
    {Py_tp_new, draw_new},
    {Py_tp_dealloc, draw_dealloc},
    {Py_tp_traverse, draw_traverse},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, draw_next},
    {0, NULL},
};

static PyType_Spec draw_spec = {
    .name = "opcount._accelerated.Draw",
    .basicsize = offsetof(Draw, counters),
    .itemsize = sizeof(Counter *),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = draw_slots,
};

/* --- Scalar: its memory

A Scalar that holds a float cannot be part of a circle, and is not tracked. Dead ones are kept with their float, if
nobody else has it, so that the next result needs no memory but only another number in that float. */

typedef struct {
    PyObject_HEAD
    PyObject *value; /* the slot `_value` of the class in Python; NULL in what `Scalar.__new__(Scalar)` makes */
} Scalar;

static State nowhere;             /* where no Scalar has been made yet */
static State *recent = &nowhere;  /* that of the interpreter that has operated last: they share one lock */

/* A Scalar that holds a float. */
static inline PyObject *
scalar_of(State *state, double number)
{
    if (state->spares > 0) {
        PyObject *self = state->spare[--state->spares];
        ((PyFloatObject *)((Scalar *)self)->value)->ob_fval = number;
        return revived(self);
    }
    PyObject *self = PyObject_GC_New(PyObject, state->scalar);
    if (self != NULL && (((Scalar *)self)->value = PyFloat_FromDouble(number)) == NULL) {
        Py_CLEAR(self);
    }
    return self;
}

static int
scalar_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Scalar *)self)->value);
    return 0;
}

static int
scalar_clear(PyObject *self)
{
    Py_CLEAR(((Scalar *)self)->value);
    return 0;
}

static void
scalar_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self); /* a subclass, if its own tp_dealloc has called this one */
    PyObject *value = ((Scalar *)self)->value;
    PyObject_GC_UnTrack(self);
    if (type == recent->scalar && recent->spares < SPARE && value != NULL && PyFloat_CheckExact(value)
        && Py_REFCNT(value) == 1) {
        recent->spare[recent->spares++] = self; /* which keeps its type */
        return;
    }
    Py_XDECREF(value);
    type->tp_free(self);
    Py_DECREF(type);
}

/* --- Scalar: its operators */

/* Whether an operand is, or holds, a float or an integer that is a float exactly; then `number` is set to it. */
static inline int
as_float(State *state, PyObject *operand, double *number, int *floats)
{
    PyObject *value = Py_IS_TYPE(operand, state->scalar) ? ((Scalar *)operand)->value : operand;
    if (value != NULL && PyFloat_CheckExact(value)) {
        *number = PyFloat_AS_DOUBLE(value);
        *floats += 1;
        return 1;
    }
    if (value != NULL && PyLong_CheckExact(value)) {
        int overflow;
        long long integer = PyLong_AsLongLongAndOverflow(value, &overflow);
        *number = (double)integer;
        return !overflow && integer <= (1LL << 53) && integer >= -(1LL << 53);
    }
    return 0;
}

/* Count one operation of the meter in force: 1 if that was done, 0 if Python has to, -1 with an exception. */
static inline int
counted(State *state, enum operator operator)
{
    PyObject *meter;
    if (PyContextVar_Get(state->meter, NULL, &meter) < 0) {
        return -1;
    }
    PyObject *draw = PyObject_TypeCheck(meter, state->meter_type) ? SLOT(meter, state->draw_at[operator]) : NULL;
    int done = draw != NULL && Py_IS_TYPE(draw, state->draw) && drawn((Draw *)draw);
    Py_DECREF(meter); /* it has a default, and so is never NULL */
    return done;
}

/* The state of the module that made the class of an object, or one of those above it; or NULL and an exception. */
static State *
state_of(PyObject *object)
{
    PyObject *module = PyType_GetModuleByDef(Py_TYPE(object), &module_definition);
    return module == NULL ? NULL : PyModule_GetState(module);
}

/* What Python's class does: the same as the interpreter, which would ask the left operand, and then the right one. */
RARELY static PyObject *
by_python(PyObject *left, PyObject *right, enum operator operator)
{
    State *state = state_of(left);
    if (state == NULL) {
        PyErr_Clear();
        state = state_of(right); /* one of the two is a Scalar, or this would not have been called */
    }
    if (state == NULL) {
        return NULL;
    }
    recent = state;
    PyObject *python = (PyObject *)state->python_scalar;
    int reflects = PyObject_TypeCheck(right, state->python_scalar);
    if (PyObject_TypeCheck(left, state->python_scalar)) {
        PyObject *result = PyObject_CallMethodObjArgs(python, state->methods[operator], left, right, NULL);
        if (result != Py_NotImplemented || !reflects || Py_IS_TYPE(left, Py_TYPE(right))) {
            return result;
        }
        Py_DECREF(result);
    }
    if (!reflects) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    return PyObject_CallMethodObjArgs(python, state->reflected[operator], right, left, NULL);
}

/* The result is made first and counted then: if there is no memory for it, nothing has been counted. */
static inline PyObject *
operate(PyObject *left, PyObject *right, enum operator operator)
{
    State *state = recent;
    if (!Py_IS_TYPE(left, state->scalar) && !Py_IS_TYPE(right, state->scalar)) {
        return by_python(left, right, operator);
    }
    double a, b, number;
    int floats = 0; /* two integers make an integer */
    if (!as_float(state, left, &a, &floats) || !as_float(state, right, &b, &floats) || !floats) {
        return by_python(left, right, operator);
    }
    switch (operator) {
    case ADD: number = a + b; break;
    case SUB: number = a - b; break;
    case MUL: number = a * b; break;
    default:
        if (b == 0.0) {
            return by_python(left, right, operator);
        }
        number = a / b;
    }
    PyObject *result = scalar_of(state, number);
    int done = result == NULL ? -1 : counted(state, operator);
    if (done < 1) {
        Py_XDECREF(result);
        return done < 0 ? NULL : by_python(left, right, operator);
    }
    return result;
}

static PyObject *scalar_add(PyObject *left, PyObject *right) { return operate(left, right, ADD); }
static PyObject *scalar_subtract(PyObject *left, PyObject *right) { return operate(left, right, SUB); }
static PyObject *scalar_multiply(PyObject *left, PyObject *right) { return operate(left, right, MUL); }
static PyObject *scalar_divide(PyObject *left, PyObject *right) { return operate(left, right, DIV); }

static PyType_Slot scalar_slots[] = {
    {Py_nb_add, scalar_add},
    {Py_nb_subtract, scalar_subtract},
    {Py_nb_multiply, scalar_multiply},
    {Py_nb_true_divide, scalar_divide},
    {Py_tp_dealloc, scalar_dealloc},
    {Py_tp_traverse, scalar_traverse},
    {Py_tp_clear, scalar_clear},
    {0, NULL},
};

static PyType_Spec scalar_spec = {
    .name = "opcount.arrays.scalar.Scalar", /* its module, and what it is called there */
    .basicsize = 0,                         /* that of the class in Python: it adds nothing to the object */
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = scalar_slots,
};

/* --- the module */

/* Where in the objects of a class one of its `__slots__` is, in bytes; -1 and an exception if there is no such slot. */
static Py_ssize_t
slot_of(PyTypeObject *type, const char *name)
{
    PyObject *descriptor = PyObject_GetAttrString((PyObject *)type, name);
    if (descriptor == NULL) {
        return -1;
    }
    Py_ssize_t at = -1;
    if (Py_IS_TYPE(descriptor, &PyMemberDescr_Type)
        && ((PyMemberDescrObject *)descriptor)->d_member->type == T_OBJECT_EX) {
        at = ((PyMemberDescrObject *)descriptor)->d_member->offset;
    }
    else {
        PyErr_Format(PyExc_TypeError, "%s.%s is not a slot", type->tp_name, name);
    }
    Py_DECREF(descriptor);
    return at;
}

/* make_scalar(python_scalar, meter, meter_type): the subclass of the Scalar that is written in Python. `meter` is the
   context variable that holds the Meter in force, and `meter_type` its class. */
static PyObject *
make_scalar(PyObject *module, PyObject *arguments)
{
    State *state = PyModule_GetState(module);
    PyTypeObject *python_scalar, *meter_type;
    PyObject *meter;
    if (!PyArg_ParseTuple(arguments, "O!O!O!:make_scalar", &PyType_Type, &python_scalar, &PyContextVar_Type, &meter,
                          &PyType_Type, &meter_type)) {
        return NULL;
    }
    if (state->scalar != NULL) {
        return PyErr_Format(PyExc_RuntimeError, "there is a Scalar already");
    }
    if (slot_of(python_scalar, "_value") != offsetof(Scalar, value)) {
        return PyErr_Format(PyExc_TypeError, "_value is not the first slot");
    }
    for (int i = 0; i < OPERATORS; i++) {
        if ((state->draw_at[i] = slot_of(meter_type, WORDS[i].name)) < 0) {
            return NULL;
        }
    }
    state->python_scalar = (PyTypeObject *)Py_NewRef(python_scalar);
    state->meter_type = (PyTypeObject *)Py_NewRef(meter_type);
    state->meter = Py_NewRef(meter);
    recent = state;
    state->scalar = (PyTypeObject *)PyType_FromModuleAndSpec(module, &scalar_spec, (PyObject *)python_scalar);
    return Py_XNewRef((PyObject *)state->scalar);
}

/* number(value): a Scalar, without a look at what it holds. */
static PyObject *
number(PyObject *module, PyObject *value)
{
    State *state = PyModule_GetState(module);
    if (state->scalar == NULL) {
        return PyErr_Format(PyExc_RuntimeError, "there is no Scalar yet");
    }
    if (PyFloat_CheckExact(value)) {
        return scalar_of(state, PyFloat_AS_DOUBLE(value));
    }
    PyObject *self = PyObject_GC_New(PyObject, state->scalar);
    if (self != NULL) {
        ((Scalar *)self)->value = Py_NewRef(value);
        PyObject_GC_Track(self);
    }
    return self;
}

static PyMethodDef module_methods[] = {
    {"make_scalar", make_scalar, METH_VARARGS, "The Scalar whose operators are in C."},
    {"number", number, METH_O, "A Scalar, without a look at what it holds."},
    {NULL},
};

static int
module_exec(PyObject *module)
{
#ifdef Py_GIL_DISABLED
    PyErr_SetString(PyExc_ImportError, "opcount's accelerator relies on the interpreter's lock");
    return -1;
#endif
    State *state = PyModule_GetState(module);
    for (int i = 0; i < OPERATORS; i++) {
        state->methods[i] = PyUnicode_InternFromString(WORDS[i].method);
        state->reflected[i] = PyUnicode_InternFromString(WORDS[i].reflected);
        if (state->methods[i] == NULL || state->reflected[i] == NULL) {
            return -1;
        }
    }
    state->counter = (PyTypeObject *)PyType_FromModuleAndSpec(module, &counter_spec, NULL);
    state->draw = (PyTypeObject *)PyType_FromModuleAndSpec(module, &draw_spec, NULL);
    if (state->counter == NULL || state->draw == NULL) {
        return -1;
    }
    if (PyModule_AddType(module, state->counter) < 0 || PyModule_AddType(module, state->draw) < 0) {
        return -1;
    }
    return PyModule_AddIntConstant(module, "INTERFACE", 1); /* what opcount/counting/accelerator.py asks for */
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    Py_VISIT(state->counter);
    Py_VISIT(state->draw);
    Py_VISIT(state->scalar);
    Py_VISIT(state->python_scalar);
    Py_VISIT(state->meter);
    Py_VISIT(state->meter_type);
    for (int i = 0; i < state->spares; i++) {
        Py_VISIT(Py_TYPE(state->spare[i]));
    }
    return 0;
}

static int
module_clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    if (recent == state) {
        recent = &nowhere;
    }
    while (state->spares > 0) {
        PyObject *self = revived(state->spare[--state->spares]);
        Py_CLEAR(((Scalar *)self)->value); /* so that it is not kept once more */
        Py_DECREF(self);
    }
    Py_CLEAR(state->counter);
    Py_CLEAR(state->draw);
    Py_CLEAR(state->scalar);
    Py_CLEAR(state->python_scalar);
    Py_CLEAR(state->meter);
    Py_CLEAR(state->meter_type);
    for (int i = 0; i < OPERATORS; i++) {
        Py_CLEAR(state->methods[i]);
        Py_CLEAR(state->reflected[i]);
    }
    return 0;
}

static void
module_free(void *module)
{
    module_clear(module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED}, /* or the import that fails would switch the lock on */
#endif
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "opcount._accelerated",
    .m_doc = "Counting, and the operators of wrapped floats, in C.",
    .m_size = sizeof(State),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC
PyInit__accelerated(void)
{
    return PyModuleDef_Init(&module_definition);
}
