// Runs before every test file: the same quiet TensorFlow log as the command lines have.
process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
