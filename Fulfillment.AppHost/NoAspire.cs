Console.Error.WriteLine(
    "This build has no Aspire (UseAspire=false): run ./start.sh, or build with UseAspire=true on a feed that has it.");
return 1;
