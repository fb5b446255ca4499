// One import is enough: the vocabulary of tasks and executions comes along.
@_exported public import DurableCoding
@_exported public import DurableCore
