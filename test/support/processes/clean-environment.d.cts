/** The environment of a process that a test starts: this one's without foreign settings, and the variables of `own`. */
export declare function cleanEnvironment(own?: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
